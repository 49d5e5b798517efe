"""What happens to a signal on its way: gain, level jumps, equalisation, band limits, clipping, an offset, Opus.

Invariant: all signals of a stack go through the same linear filter, so that references still belong to the mixture.
"""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray
from scipy import fft

SAMPLE_RATE = 16_000
OPUS_RATE = 48_000

Signal = NDArray[np.float32]


def distort(stack: Signal, rng: np.random.Generator) -> Signal:
    """Returns ``stack [N, T]``, the mixture last, after one gain, and at times a filter, a level jump and clipping."""
    if rng.random() < 0.4:
        stack = _filtered(stack, rng)
    gain = 10 ** (rng.uniform(-30.0, 20.0) / 20)
    stack = stack * np.float32(gain)
    if rng.random() < 0.06:
        at = int(rng.integers(0, stack.shape[1]))
        jump = np.ones(stack.shape[1], np.float32)
        jump[at:] = 10 ** (rng.uniform(-20.0, 20.0) / 20)
        stack = stack * jump
    audio = stack[-1]
    if rng.random() < 0.05:
        audio = np.clip(audio, -np.abs(audio).max() * rng.uniform(0.2, 0.8), None)
    if rng.random() < 0.03:
        audio = audio + np.float32(rng.uniform(-0.1, 0.1) * np.abs(audio).max())
    # Louder than full scale cannot arrive: the converter clips it, mixture and references alike stay in proportion.
    peak = max(1.0, float(np.abs(audio).max()))
    stack = stack / np.float32(peak)
    stack[-1] = audio / np.float32(peak)
    return stack.astype(np.float32)


def coded(x: Signal, rng: np.random.Generator) -> Signal:
    """Returns ``x`` after Opus at 12 to 32 kbit/s, aligned (RFC 6716; 48 kHz inside, here fed at 16 kHz)."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = SAMPLE_RATE, "mono", "s16"
    encoder.bit_rate = int(rng.uniform(12_000, 32_000))
    encoder.options = {"application": "voip", "frame_duration": "20"}
    decoder = av.CodecContext.create("libopus", "r")
    assert isinstance(decoder, av.AudioCodecContext)
    decoder.sample_rate, decoder.layout = OPUS_RATE, "mono"
    samples = (np.clip(x, -1, 1) * 32_767).astype(np.int16)
    packets = []
    for pts in range(0, len(samples) - 319, 320):
        frame = av.AudioFrame.from_ndarray(samples[None, pts : pts + 320], format="s16", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE, pts
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    decoded = [frame.to_ndarray().reshape(-1) for packet in packets if packet.size for frame in decoder.decode(packet)]
    y = np.concatenate(decoded).astype(np.float32)
    if np.issubdtype(decoded[0].dtype, np.integer):
        y /= 32_767.0
    return _aligned(fft.irfft(fft.rfft(y)[: len(y) // 6 + 1], len(y) // 3).astype(np.float32) / 3, x)


def _aligned(y: Signal, x: Signal) -> Signal:
    """Returns ``y`` moved by the lag at which it is most like ``x``, and as long."""
    size = fft.next_fast_len(len(x) + len(y))
    lags = fft.irfft(fft.rfft(y, size) * fft.rfft(x, size).conj(), size)[:2_000]
    late = int(np.argmax(lags))
    y = y[late : late + len(x)]
    return np.pad(y, (0, len(x) - len(y))).astype(np.float32)


def _filtered(stack: Signal, rng: np.random.Generator) -> Signal:
    """Tilts the spectrum by up to 4 dB an octave around 1 kHz, bends it smoothly, and at times cuts its ends."""
    num = stack.shape[1]
    frequencies = fft.rfftfreq(num, 1 / SAMPLE_RATE)
    octaves = np.log2(np.maximum(frequencies, 60.0) / 1_000.0)
    curve_db = rng.uniform(-2.0, 2.0) * octaves
    knots = np.linspace(-4.1, 3.0, 6)
    curve_db += np.interp(octaves, knots, rng.normal(0.0, 2.0, 6))
    if rng.random() < 0.25:
        top = rng.uniform(3_300.0, 7_500.0)
        curve_db -= 60.0 * np.clip((frequencies - top) / 300.0, 0.0, 1.0)
    if rng.random() < 0.25:
        curve_db -= np.clip((rng.uniform(80.0, 300.0) - frequencies) / 10.0, 0.0, 40.0)
    response = (10 ** (curve_db / 20)).astype(np.float32)
    return fft.irfft(fft.rfft(stack, axis=1) * response, num, axis=1).astype(np.float32)
