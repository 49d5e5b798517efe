"""The streaming separator: keeps the voice of a target, given by a face, a voice, both or neither.

Spectrum in, complex mask out, 10 ms at a time. The first blocks hear without a target and say, in the space of the
embeddings, whose voice is the loudest now; how that agrees with the target's face and voice, and what these ask for as
gains and offsets (FiLM), steers the blocks after them. With no target it takes out noise and keeps every voice.

Invariant: a hop is one call, whatever the number of streams; scaling the input scales the output and changes nothing
else, above -90 dBFS.
"""

from typing import Final

import torch
from torch import Tensor, nn

from .asymmetric_stft import HOP_SAMPLES, NUM_BINS, SAMPLE_RATE, SYNTHESIS_SAMPLES, WINDOW_SAMPLES, AsymmetricSTFT
from .gated_recurrence import GatedRecurrence
from .lock import Lock
from .mean_square import mean_square

EMBEDDING_SIZE = 128
COMPRESSION = 0.3
LEVEL_FRAMES = 200.0
LEVEL_FLOOR = 1e-9
MASK_LIMIT = 1.5
NUMBERS = {
    "zero": 0.0,
    "one": 1.0,
    "silence": 1e-12,
    "layer_floor": 1e-6,
    "bin_floor": 1e-7,
    "input_floor": LEVEL_FLOOR,
    "exponent": 0.5 * COMPRESSION,  # Of the power of a bin.
}


class Separator(nn.Module):
    """The network.

    The state is float32 ``[B, N]``; zeros have heard nothing and have no target. It holds the target (face, voice,
    which of them there are), the last 352 samples of input, the 160 samples of output that the next frame completes,
    the running power and its age in frames, ``u`` and ``h`` of every block, the lock's memory, and the smoothed powers
    of the input and the output.

    Args:
        width: Channels between blocks (D).
        hidden: Units of each recurrence (H).
        num_blocks: Blocks; the first half hears without a target.
        condition: Size of the condition that gains and offsets are computed from.
    """

    sample_rate: Final = SAMPLE_RATE
    chunk_samples: Final = HOP_SAMPLES
    hop_samples: Final = HOP_SAMPLES
    latency_samples: Final = HOP_SAMPLES
    embedding_size: Final = EMBEDDING_SIZE
    num_bins: Final = NUM_BINS
    past_samples: Final = WINDOW_SAMPLES - HOP_SAMPLES
    dry_start: Final = WINDOW_SAMPLES - SYNTHESIS_SAMPLES
    level_frames: Final = LEVEL_FRAMES
    mask_limit: Final = MASK_LIMIT
    embedding_scale: Final = EMBEDDING_SIZE**0.5
    zero: Tensor
    one: Tensor
    silence: Tensor
    layer_floor: Tensor
    bin_floor: Tensor
    input_floor: Tensor
    exponent: Tensor

    def __init__(self, width: int = 256, hidden: int = 320, num_blocks: int = 4, condition: int = 64) -> None:
        super().__init__()
        self.width = width
        self.hidden = hidden
        self.stft = AsymmetricSTFT()
        self.target = nn.Sequential(nn.Linear(2 * EMBEDDING_SIZE + 2, 192), nn.SiLU(), nn.Linear(192, condition))
        self.num_free = num_blocks // 2
        self.film = nn.Linear(condition, (num_blocks - self.num_free) * 2 * width)
        self.input = nn.Linear(3 * NUM_BINS, width)
        self.blocks = nn.ModuleList([GatedRecurrence(width, hidden) for _ in range(num_blocks)])
        self.norm = nn.Parameter(torch.ones(width))
        self.mask = nn.Linear(width, 2 * NUM_BINS)
        self.identity = nn.Linear(width, EMBEDDING_SIZE)
        self.agreement = nn.Linear(2 * EMBEDDING_SIZE, width)
        self.belief = nn.Linear(width, 3)
        self.lock = Lock(EMBEDDING_SIZE)
        # Numbers that steps add are tensors from the start: see ``mean_square``.
        for name, value in NUMBERS.items():
            self.register_buffer(name, torch.tensor(value), persistent=False)
        self.film_sizes = [2 * width] * (num_blocks - self.num_free)
        self.block_sizes = [width, hidden] * num_blocks
        self.target_sizes = [EMBEDDING_SIZE, EMBEDDING_SIZE, 1, 1]
        self.sizes = [
            sum(self.target_sizes),
            self.past_samples,
            HOP_SAMPLES,
            2,
            sum(self.block_sizes),
            self.lock.memory_size,
            2,
        ]
        self.state_size = sum(self.sizes)
        with torch.no_grad():
            self.film.bias.zero_()
            self.mask.weight.mul_(0.3)
            self.mask.bias[:NUM_BINS] = 0.6  # begins as the mixture, a little softer

    @torch.jit.export
    def init_state(self, batch_size: int) -> Tensor:
        """Returns the state ``[B, N]`` of streams that have heard nothing and have no target: zeros."""
        return torch.zeros(batch_size, self.state_size, dtype=self.norm.dtype, device=self.norm.device)

    @torch.jit.export
    def with_target(self, state: Tensor, face: Tensor, voice: Tensor, has: Tensor) -> Tensor:
        """Returns ``state`` with another target; the lock is forgotten, what was heard is not.

        Args:
            state: ``[B, N]``.
            face: Embedding of a face, unit length ``[B, 128]``; ignored where there is none.
            voice: Embedding of a voice, likewise.
            has: 1 or 0, for the face and the voice, ``[B, 2]``.
        """
        _, past, overlap, level, memories, lock, powers = state.split_with_sizes(self.sizes, 1)
        target = torch.cat((face * has[:, :1], voice * has[:, 1:], has), 1)
        return torch.cat((target, past, overlap, level, memories, torch.zeros_like(lock), powers), 1)

    def condition(self, target: Tensor) -> Tensor:
        """Returns the gains and offsets of all blocks, ``[B, 2 D blocks]``, for ``target [B, 2 E + 2]``."""
        embeddings, has = target.split_with_sizes([2 * self.embedding_size, 2], 1)
        # Numbers of an embedding of length one are small: brought to the size that layers begin with.
        films: Tensor = self.film(self.target(torch.cat((embeddings * self.embedding_scale, has), 1)))
        return films

    def loudest_voice(self, x: Tensor) -> Tensor:
        """Returns whose voice is the loudest, as an embedding of unit length ``[..., E]``, heard in ``x [..., D]``."""
        return nn.functional.normalize(self.identity(x), dim=-1)

    def agree(self, voice: Tensor, target: Tensor) -> Tensor:
        """Returns what is added to ``x [..., D]`` for how ``voice [..., E]`` agrees with ``target [..., 2 E + 2]``."""
        wanted = target[..., : 2 * self.embedding_size] * self.embedding_scale
        agreed: Tensor = self.agreement(torch.cat((voice, voice), -1) * wanted * self.embedding_scale)
        return agreed

    def features(self, spectra: Tensor, power: Tensor) -> Tensor:
        """Returns ``[..., 771]``: magnitudes to the power 0.3, and their real and imaginary parts.

        Args:
            spectra: complex64 ``[..., 257]``.
            power: The running mean square of the input, ``[..., 1]``: what the spectra are normalised by.
        """
        scale = (power + self.input_floor).reciprocal()
        real, imag = torch.view_as_real(spectra).unbind(-1)
        square = torch.addcmul(self.bin_floor, torch.addcmul(real * real, imag, imag), scale)
        # A fifth of the time that abs() and pow() would take.
        magnitude = torch.exp(torch.log(square) * self.exponent)
        shrunk = spectra * (magnitude * torch.rsqrt(square) * scale.sqrt())
        return torch.cat((magnitude, torch.view_as_real(shrunk).flatten(-2)), -1)

    def masked(self, spectra: Tensor, mask: Tensor) -> Tensor:
        """Returns ``spectra`` times the bounded complex mask of ``mask [..., 514]`` (real parts first)."""
        real, imag = (self.mask_limit * torch.tanh(mask)).chunk(2, -1)
        return spectra * torch.complex(real, imag)

    def normalise(self, x: Tensor) -> Tensor:
        """Returns ``x [..., D]`` as the heads read it."""
        return x * torch.rsqrt(mean_square(x, self.layer_floor)) * self.norm

    @torch.jit.export
    def step(self, audio: Tensor, lock_on: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Advances every stream by one hop.

        Args:
            audio: float32 ``[B, 160]`` in [-1, 1] at 16 kHz; what is not finite is silence.
            lock_on: 1 or 0 ``[B]``: may it lock on the voice that it keeps?
            state: ``[B, N]``; it is not changed.

        Returns:
            ``wet [B, 160]``; ``dry [B, 160]``, the input as late as ``wet`` is (160 samples); ``report [B, 4]``:
            probability that the target speaks, decibels that ``wet`` lies below ``dry`` over the last second, locked (1
            or 0), confidence that the one kept is the target; and the new state.
        """
        target, past, overlap, level, memories, lock, powers = state.split_with_sizes(self.sizes, 1)
        audio = torch.nan_to_num(audio, 0.0, 0.0, 0.0)
        frame = torch.cat((past, audio), 1)
        power, age = self._level(audio, level)
        spectra = self.stft(frame)
        x = self.input(self.features(spectra, power))
        x, voice, kept = self._blocks(x, self._refined(target, lock), memories)
        x = self.normalise(x)
        added = self.stft.inverse(self.masked(spectra, self.mask(x)))
        wet = overlap + added[:, :160]
        dry = frame[:, self.dry_start : self.past_samples]
        present, loudest, confidence = torch.sigmoid(self.belief(x)).split_with_sizes([1, 1, 1], 1)
        # A voice sample is better than what can be heard of a voice in a mixture: then there is nothing to lock on.
        has_face, has_voice = target[:, -2:-1], target[:, -1:]
        wanted = lock_on.unsqueeze(1) * torch.addcmul(has_face, has_face, has_voice, value=-1.0)
        lock = self.lock(lock, voice, loudest, confidence, wanted)
        powers = torch.lerp(powers, mean_square(torch.stack((dry, wet), 1), self.zero).squeeze(2), 0.01)
        of_dry, of_wet = (powers + self.silence).split_with_sizes([1, 1], 1)
        suppressed = 10.0 * torch.log10(of_dry / of_wet).clamp_min(0.0)
        report = torch.cat((present, suppressed, lock[:, -1:], confidence), 1)
        heard = [target, frame[:, 160:], added[:, 160:], power, age]
        state = torch.cat(heard + kept + [lock, powers], 1)
        return wet, dry, report, state

    def forward(self, x: Tensor, state: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """Advances every stream by several hops, free to lock on.

        Args:
            x: float32 ``[B, 160 F]``, F >= 1.
            state: ``[B, N]``.

        Returns:
            ``wet [B, 160 F]`` and ``report [B, F, 4]``, as ``step`` gives them, and the new state.
        """
        wets: list[Tensor] = []
        reports: list[Tensor] = []
        lock_on = torch.ones(x.size(0), dtype=x.dtype, device=x.device)
        for hop in torch.split(x, self.hop_samples, 1):
            wet, _, report, state = self.step(hop, lock_on, state)
            wets.append(wet)
            reports.append(report)
        return (torch.cat(wets, 1), torch.stack(reports, 1)), state

    def _level(self, audio: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        power, age = level.split_with_sizes([1, 1], 1)
        age = (age + self.one).clamp_max(self.level_frames)
        return torch.lerp(power, mean_square(audio, self.zero), age.reciprocal()), age

    def _refined(self, target: Tensor, lock: Tensor) -> Tensor:
        voice, locked = self.lock.voice(lock)
        face, given, has_face, has_voice = target.split_with_sizes(self.target_sizes, 1)
        return torch.cat((face, torch.lerp(given, voice, locked), has_face, torch.maximum(has_voice, locked)), 1)

    def _blocks(self, x: Tensor, target: Tensor, memories: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        memory = memories.split_with_sizes(self.block_sizes, 1)
        film = [torch.zeros(1, 2 * self.width, dtype=x.dtype, device=x.device)] * self.num_free
        film += self.condition(target).split_with_sizes(self.film_sizes, 1)
        voice, kept = x, torch.jit.annotate(list[Tensor], [])  # type: ignore[no-untyped-call]
        for i, block in enumerate(self.blocks):
            if i == self.num_free:
                voice = self.loudest_voice(x)
                x = x + self.agree(voice, target)
            x, u, h = block(x, film[i], memory[2 * i], memory[2 * i + 1])
            kept += [u, h]
        return x, voice, kept
