"""Whose voice goes with a face."""

from __future__ import annotations

from ....genre.reporting.markdown import percent, table
from ..figures import PAIRS, above, pair_name, percents
from ..results import Content


def matching_section(trial: Content) -> str:
    """Returns the share of right choices of one of two, and the voice encoder's own."""
    heard = trial["face_voice"]
    whole, short = heard["whole"], heard["2s"]
    rows = [
        (
            pair_name(pair),
            percents(short["pairs"][pair]["both_ways"]),
            percents(whole["pairs"][pair]["face_to_voice"]),
            percents(whole["pairs"][pair]["voice_to_face"]),
            percents(whole["pairs"][pair]["both_ways"]),
            f"{whole['pairs'][pair]['both_ways']['n']:,}",
        )
        for pair in PAIRS
        if pair in whole["pairs"]
    ]
    header = ("who against whom", "2 s, both ways", "face to voice", "voice to face", "both ways", "questions")
    return "\n\n".join(
        (
            f"One of two: whose of two voices goes with a face, and whose of two faces with a voice, every ordered pair"
            f" of {trial['recordings']} recordings of {trial['people']} people. Per cent right, of 2 s of voice as in "
            "the paper and of the whole recording. Goals: opposite sex 95, all above what sex alone would give, same "
            "sex above 50 by three standard errors.",
            table(header, rows),
            _beyond_sex(whole),
            "The same question of voices alone, sample against speech: what a voice target can know.",
            _voices(trial["voice_voice"]),
        )
    )


def _beyond_sex(whole: Content) -> str:
    text = f"A perfect cue of sex alone would be right in {percent(whole['sex_alone_would_give'])} % of all."
    sure = above(whole["pairs"]["same"]["both_ways"], 0.5) if "same" in whole["pairs"] else None
    if sure is not None:
        text += f" Same sex is {sure:.1f} standard errors from 50 %."
    rank = whole["rank_of_the_right_voice"]
    return text + f" Of all voices {percents(rank)} % are more like a face than the right one is (chance: 50)."


def _voices(by_sample: Content) -> str:
    names = {"same_recording": "facevoice, same recording", "other_sentence": "speechocean762, other sentence"}
    shown = [pair for pair in PAIRS if any(pair in found for found in by_sample.values())]
    rows = [(names[name], *(percents(found.get(pair)) for pair in shown)) for name, found in by_sample.items()]
    return table(("sample", *map(pair_name, shown)), rows)
