"""What is not music and passes for it, and music that does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..figures import in_percent
from ..markdown import ABSENT, table
from ..results import Results

SILENCE = {
    "zeros": "digital silence",
    "dither_16bit": "dither of 16 bits",
    "noise_-90dbfs": "noise at -90 dBFS",
    "noise_-80dbfs": "noise at -80 dBFS",
    "noise_-70dbfs": "noise at -70 dBFS",
}
MUSIC = {
    "gtzan_audio_clip30s": "GTZAN valid, audio, 30 s",
    "gtzan_audio_excerpt": "GTZAN valid, audio, 2 to 3 s",
    "gtzan_bands": "GTZAN valid, stored bands",
}


def non_music_section(results: Results, drawn: frozenset[str]) -> str:
    """Returns a row for each set of recordings."""
    trial = results.trials.get("non_music")
    if trial is None:
        return ""
    header = ("", "wrong, % of time", "wrong for most of it, % of recordings", "recordings", "seconds")
    return "\n\n".join(
        (
            f"By the verdict that users see, from {trial['from_s']:g} s of each recording on. Speakers and source "
            "recordings that are held out were in no training. To be reached on LibriSpeech, silence and GTZAN: at "
            "most 5 %. Errors are over speakers and source recordings.",
            table(("taken for music", *header[1:]), list(_false(trial))),
            table(("music that is missed", *header[1:]), list(_missed(trial))),
        )
    )


def _false(trial: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, shares in trial["false_music"].items():
        yield _row(f"{name}, held out", shares["held_out"])
        yield _row(f"{name}, all", shares["all"])
    for name, shares in trial["false_music_on_silence"].items():
        yield _row(SILENCE.get(name, name), shares)


def _missed(trial: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, shares in trial["missed_music"].items():
        yield _row(MUSIC.get(name, name), shares)


def _row(name: str, shares: Mapping[str, Any]) -> tuple[str, ...]:
    if not shares["recordings"]:
        return (name, ABSENT, ABSENT, "0", "0")
    measured = in_percent(shares["time"]), in_percent(shares["mostly"])
    return (name, *measured, str(shares["recordings"]), f"{shares['seconds']:,.0f}")
