"""Streams that go wrong for a moment, or change for good: what comes out stays finite and is itself again in a second.

Invariant: every damaged stream is compared with the same stream unharmed, over the same seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..waveforms import SAMPLE_RATE
from .conversations import converse
from .cues import Condition, Gallery, People
from .evidence import Evidence, numbers_of
from .lock_on import Row
from .measures import Samples, rms, si_sdr
from .mixing import draw_pairs
from .spread import Figure, mean_of, share_of
from .subject import Subject

STREAMS = 32
LENGTH_S = 10.0
FROM_S, TO_S = 4.0, 5.0
RECOVERY_S = 1.0
JUMP = np.float32(10.0)
"""20 dB."""


class Damage(NamedTuple):
    """What happens to a stream.

    Attributes:
        harm: Changes the samples from ``FROM_S`` on: those of the second until ``TO_S``, and those of the rest.
        lasts: Whether it goes on to the end; recovery counts from its beginning then, and else from its end.
        gain: How much louder the rest is.
    """

    harm: Callable[[Samples], Samples]
    lasts: bool = False
    gain: float = 1.0


DAMAGES: dict[str, Damage] = {
    "nan": Damage(lambda x: np.full_like(x, np.nan)),
    "infinity": Damage(lambda x: np.full_like(x, np.inf)),
    "silence": Damage(np.zeros_like),
    "clipping": Damage(lambda x: np.clip(x * 20.0, -1.0, 1.0).astype(np.float32)),
    "full_scale_square": Damage(lambda x: np.where(np.arange(len(x)) // 40 % 2, 1.0, -1.0).astype(np.float32)),
    "dc": Damage(lambda x: x + np.float32(0.5)),
    "dc_for_good": Damage(lambda x: x + np.float32(0.5), lasts=True),
    "20_db_louder": Damage(lambda x: x * JUMP, lasts=True, gain=float(JUMP)),
    "20_db_softer": Damage(lambda x: x / JUMP, lasts=True, gain=1.0 / float(JUMP)),
}


def run(subject: Subject, evidence: Evidence) -> Figure:
    """Returns the contents of ``robustness.json``: face and voice given, as one would in a call."""
    talkers = evidence.faces
    rng = np.random.default_rng(0)
    pairs = draw_pairs(talkers, STREAMS, rng)
    rows = [Row(converse(talkers, pair, LENGTH_S, rng), 0) for pair in pairs]
    targets, others = [row.target for row in rows], [row.other for row in rows]
    gallery = Gallery.of(subject, talkers)
    cues = gallery.cues(Condition(face="target", voice="target"), People(targets, others, others))
    clips = [row.conversation.audio for row in rows]
    unharmed = [kept.wet for kept in subject.keep_all(clips, cues, "unharmed")]
    number = numbers_of([talker.person for talker in talkers])
    people = np.stack([number[targets], number[others]], 1)
    found = {}
    for name, damage in DAMAGES.items():
        harmed = [harmed_by(damage, clip) for clip in clips]
        wet = [kept.wet for kept in subject.keep_all(harmed, cues, name)]
        after = slice(round(((FROM_S if damage.lasts else TO_S) + RECOVERY_S) * SAMPLE_RATE), None)
        change = np.array([_change_db(x, y, row, after) for x, y, row in zip(wet, unharmed, rows, strict=True)])
        level = np.array([_level_db(x, y, after, damage.gain) for x, y in zip(wet, unharmed, strict=True)])
        found[name] = {
            "finite": share_of([bool(np.isfinite(x).all()) for x in wet], people),
            "finite_after": share_of([bool(np.isfinite(x[after]).all()) for x in wet], people),
            "si_sdr_change_db": mean_of(change, people),
            "level_change_db": mean_of(level, people),
        }
    return {"streams": STREAMS, "recovery_s": RECOVERY_S, "damages": found}


def harmed_by(damage: Damage, clip: Samples) -> Samples:
    """Returns ``clip`` ``[T]`` with the damage in it."""
    begin = round(FROM_S * SAMPLE_RATE)
    end = len(clip) if damage.lasts else round(TO_S * SAMPLE_RATE)
    harmed = clip.copy()
    harmed[begin:end] = damage.harm(clip[begin:end])
    return harmed


def _change_db(wet: Samples, unharmed: Samples, row: Row, after: slice) -> float:
    """Returns the SI-SDR that was lost; NaN where the output is no number or the target says nothing."""
    wanted = row.conversation.parts[row.side][after]
    if not np.isfinite(wet[after]).all() or rms(wanted) < 1e-4:
        return float("nan")
    return float(si_sdr(_centred(wet[after]), wanted) - si_sdr(_centred(unharmed[after]), wanted))


def _level_db(wet: Samples, unharmed: Samples, after: slice, gain: float) -> float:
    """Returns how much louder the output is than the unharmed one with the same gain."""
    if not np.isfinite(wet[after]).all():
        return float("nan")
    was, is_ = (rms(_centred(x[after])) for x in (unharmed, wet))
    return float(20 * np.log10(max(is_, 1e-9) / max(was * gain, 1e-9)))


def _centred(x: Samples) -> Samples:
    """Takes the mean out of ``x``: nobody hears DC, so only what it does to the rest counts."""
    return x - x.mean(dtype=np.float64).astype(np.float32)
