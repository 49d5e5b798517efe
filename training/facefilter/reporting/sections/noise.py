"""One talker in noise, against RNNoise."""

from __future__ import annotations

from collections.abc import Iterator

from ....genre.reporting.markdown import table
from ..figures import decibels
from ..results import Content

SYSTEMS = {
    "noisy": "as it is",
    "rnnoise": "RNNoise",
    "no_target": "facefilter, no target",
    "voice": "facefilter, voice sample",
    "face": "facefilter, face",
    "both": "facefilter, face and voice sample",
}
GROUPS = {"all": "all talkers", "with_face": "talkers with a picture"}


def noise_section(trial: Content) -> str:
    """Returns SI-SDRi, PESQ and STOI at every level, with the differences to RNNoise."""
    corpora = ", ".join(f"{count} of {name}" for name, count in trial["by_corpus"].items())
    header = ("SNR", "", "SI-SDRi, dB", "PESQ", "STOI", "over RNNoise: SI-SDR, dB", "PESQ", "STOI")
    parts = [
        f"{trial['files']} talkers ({corpora}) in one of {trial['noises']} held-out noises at every level, 16 kHz, the "
        "same files for all. RNNoise runs at its 48 kHz from a fresh start, its output aligned to the sample. "
        "Differences are taken file by file."
    ]
    for group, text in GROUPS.items():
        parts += [f"{text[:1].upper()}{text[1:]}:", table(header, list(_rows(trial, group)), words=2)]
    return "\n\n".join(parts)


def _rows(trial: Content, group: str) -> Iterator[tuple[str, ...]]:
    for snr, groups in trial["snr_db"].items():
        for name, found in groups[group].items():
            yield (
                f"{snr} dB",
                SYSTEMS[name],
                decibels(found["gain"]["si_sdr"]) if name != "noisy" else "-",
                decibels(found["is"]["pesq"]),
                decibels(found["is"]["stoi"], 3),
                *_over(found, name),
            )


def _over(found: Content, name: str) -> tuple[str, str, str]:
    if name in ("noisy", "rnnoise"):
        return "-", "-", "-"
    over = found["over_rnnoise"]
    return decibels(over["si_sdr"]), decibels(over["pesq"]), decibels(over["stoi"], 3)
