"""How often speech, ambience and silence pass for music, and music does not.

What counts is the verdict, ``music`` in the events: the share of time in which it is true, from the second second of a
recording on, and the share of recordings in which it is true more than half of that time. Every recording is heard by
itself from a fresh start; those of two seconds or less say nothing. ``held_out`` are the speakers and source recordings
of the test part, which the network has not heard; ``all`` holds those that it was trained on, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from models.frontend import HOP_SAMPLES, SAMPLE_RATE

from ..decode import read_audio
from ..recordings import Recording, list_recordings
from .evidence import Evidence
from .listening import Subject, num_frames
from .spread import Figure, ratio_of, share_of

SETS = ("librispeech", "speechocean762", "moodist", "esc10", "nonspeech", "textures", "urbansound8k")
FIRST_S = 2.0
FIRST_FRAME = num_frames(round(FIRST_S * SAMPLE_RATE))
SILENCE_S = 60.0
NOISE_DBFS = (-90, -80, -70)
"""Hiss of preamplifiers and microphones, in the order in which a level gate stops hearing it as silence."""


class Span(NamedTuple):
    """What became of a recording.

    Attributes:
        group: Speaker, source recording or clip.
        part: ``train``, ``valid`` or ``test``.
        frames: Heard after the first two seconds.
        music: How many of them were music by the verdict.
    """

    group: str
    part: str
    frames: int
    music: int


def run(subject: Subject, evidence: Evidence) -> Figure:
    """Returns the contents of ``non_music.json``."""
    false: Figure = {}
    recordings = list(list_recordings(evidence.data, frozenset()))
    for name in SETS:
        items = [item for item in recordings if item.path.startswith(f"{name}/")]
        spans = hear_files(subject, evidence, items, name)
        held_out = [span for span in spans if span.part == "test"]
        false[name] = {"all": called_music(spans), "held_out": called_music(held_out)}
    return {
        "from_s": FIRST_S,
        "false_music": false,
        "false_music_on_silence": {name: called_music([span]) for name, span in hear_silence(subject).items()},
        "missed_music": missed_music(subject, evidence),
    }


def hear_files(subject: Subject, evidence: Evidence, items: Sequence[Recording], name: str) -> list[Span]:
    """Plays files to the tagger; leaves out those of two seconds or less."""
    clips = [read_audio(evidence.data / item.path) for item in track(items, description=f"decoding {name}")]
    verdicts = subject.music_in(clips, name)
    spans = [_span(item.group, item.part, verdict) for item, verdict in zip(items, verdicts, strict=True)]
    return [span for span in spans if span.frames > 0]


def hear_silence(subject: Subject) -> dict[str, Span]:
    """Plays a minute each of digital zeros, of the dither of 16-bit audio (-96 dBFS) and of hiss at three levels."""
    rng = np.random.default_rng(0)
    num_samples = round(SILENCE_S * SAMPLE_RATE)
    steps = rng.random((2, num_samples)) - 0.5
    hiss = rng.standard_normal(num_samples)
    sounds = {
        "zeros": np.zeros(num_samples),
        "dither_16bit": np.round(steps.sum(axis=0)) / 2**15,
        **{f"noise_{level}dbfs": hiss * 10 ** (level / 20) for level in NOISE_DBFS},
    }
    verdicts = subject.music_in([sound.astype(np.float32) for sound in sounds.values()], "silence")
    return {name: _span(name, "test", verdict) for name, verdict in zip(sounds, verdicts, strict=True)}


def missed_music(subject: Subject, evidence: Evidence) -> Figure:
    """Returns how much of GTZAN's valid clips is not called music, from real audio and from stored bands."""
    clips = evidence.part("valid")
    ids = {evidence.corpus.ids[clip] for clip in clips}
    figures: Figure = {}
    for kind in ("clip30s", "excerpt"):
        files = [(name, path) for name, path in evidence.audio_clips(kind) if name in ids]
        verdicts = subject.music_in([read_audio(path) for _, path in files], f"music, {kind}")
        figures[f"gtzan_audio_{kind}"] = not_called_music(
            [_span(name, "valid", verdict) for (name, _), verdict in zip(files, verdicts, strict=True)]
        )
    heard = subject.hear(evidence.bands(clips), "music, stored bands")
    figures["gtzan_bands"] = not_called_music([_span(str(i), "valid", row) for i, row in enumerate(heard.is_music)])
    return figures


def called_music(spans: Sequence[Span]) -> Figure:
    """Returns the share of time and of recordings called music; errors count a speaker or source as one."""
    return _shares(spans, [span.music for span in spans])


def not_called_music(spans: Sequence[Span]) -> Figure:
    """Returns the share of time and of recordings not called music."""
    return _shares(spans, [span.frames - span.music for span in spans])


def _shares(spans: Sequence[Span], hits: Sequence[int]) -> Figure:
    groups: dict[str, list[int]] = {}
    for span, hit in zip(spans, hits, strict=True):
        entry = groups.setdefault(span.group, [0, 0])
        entry[0] += hit
        entry[1] += span.frames
    parts, wholes = zip(*groups.values(), strict=True) if groups else ((), ())
    mostly = [2 * hit > span.frames for span, hit in zip(spans, hits, strict=True)]
    return {
        "recordings": len(spans),
        "seconds": round(sum(span.frames for span in spans) * HOP_SAMPLES / SAMPLE_RATE, 1),
        "time": ratio_of(parts, wholes),
        "mostly": share_of(mostly),
    }


def _span(group: str, part: str, verdict: NDArray[np.bool_]) -> Span:
    later = verdict[FIRST_FRAME:]
    return Span(group, part, len(later), int(later.sum()))
