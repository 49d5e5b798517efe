"""Real audio through the service: against stored bands, and damaged against undamaged."""

from __future__ import annotations

from ..figures import in_percent
from ..markdown import table
from ..results import Results

CONDITIONS = {
    "rate_48000": "48 kHz",
    "rate_44100": "44.1 kHz",
    "rate_16000": "16 kHz",
    "rate_8000": "8 kHz",
    "mono_22050": "22.05 kHz, its own",
    "stereo": "stereo, both channels alike",
    "stereo_one_silent": "stereo, one channel silent",
    "clipped_12db": "12 dB into full scale",
    "level_-60db": "turned down by 60 dB",
    "level_-40db": "turned down by 40 dB",
    "level_-20db": "turned down by 20 dB",
    "mp3_32k": "MP3, 32 kbit/s, 24 kHz",
    "mp3_32k_44100": "MP3, 32 kbit/s, 44.1 kHz",
    "silence_3s": "3 s of silence in front",
}


def real_audio_section(results: Results, drawn: frozenset[str]) -> str:
    """Returns how often a file is named as its stored bands are."""
    trial = results.trials.get("real_audio")
    if trial is None:
        return ""
    return (
        f"{trial['clips']} clips of 30 s that exist as audio, by `{trial['how']}`, against their stored bands through "
        f"the same network and verdict. The label shown last is the same for {in_percent(trial['same_last_label'])} "
        f"%, the most probable over all for {in_percent(trial['same_top_label'])} %. To be reached: 98 %. "
        f"What may differ: {trial['cause']}."
    )


def robustness_section(results: Results, drawn: frozenset[str]) -> str:
    """Returns the share of clips whose label each degradation leaves as it is."""
    trial = results.trials.get("robustness")
    if trial is None:
        return ""
    rows = [
        (CONDITIONS.get(name, name), *(in_percent(shares[answer]) for answer in ("last", "top", "lost")))
        for name, shares in trial["unchanged"].items()
    ]
    return "\n\n".join(
        (
            f"The same {trial['clips']} clips, degraded, against themselves undegraded, through {trial['how']}. To be "
            "reached: 95 % each.",
            table(("input", "same label at the end, %", "same most probable label, %", "no music any more, %"), rows),
        )
    )
