import json
import math

import numpy as np
import pytest

from training.genre.corpus import Corpus
from training.genre.trials import long_stream
from training.genre.trials.evidence import Evidence
from training.genre.trials.listening import Subject
from training.genre.trials.long_stream import draw_orders, endurance, stillness, switching

HOP_S = 1.0
CLIP_S = 30


def shown_by(*clips: list[tuple[int, int]]) -> np.ndarray:
    """One order ``[1, C, 30]`` of clips of 30 frames; each is runs of ``(label, frames)``."""
    return np.stack([np.concatenate([np.full(frames, label) for label, frames in clip]) for clip in clips])[None]


def test_orders_are_of_distinct_test_clips_and_every_second_one_is_a_reverse(gtzan: Corpus, monkeypatch) -> None:
    monkeypatch.setattr(long_stream, "CLIPS_A_GENRE", 3)
    clips = np.flatnonzero(np.arange(40) % 4 != 3)
    orders = draw_orders(gtzan.labels, clips, 2)
    assert orders.shape == (4, 30)
    assert np.array_equal(orders[0], orders[1][::-1])
    assert not np.array_equal(orders[0], orders[2])
    for order in orders:
        assert set(order) <= set(clips) and len(set(order)) == 30
        genres = gtzan.labels[order].reshape(10, 3)
        assert (genres == genres[:, :1]).all() and len(set(genres[:, 0])) == 10
    assert np.array_equal(orders, draw_orders(gtzan.labels, clips, 2))


def test_times_count_from_the_change_to_the_end_of_the_block():
    """Genre 1 twice, then 2 twice: right after 4 s of the first clip; then genre 3, which never comes."""
    truth = np.array([[1, 1, 2, 2, 3]])
    shown = shown_by([(1, 30)], [(1, 30)], [(1, 3), (2, 27)], [(-1, 9), (2, 21)], [(2, 30)])
    known = np.array([[True, True, True, True, False]])
    figures = switching(shown, truth, known, HOP_S)
    assert figures["time_to_right_s"] | {"p50_se": None, "p90_se": None} == {
        "p50": 4.0,
        "p50_se": None,
        "p90": None,
        "p90_se": None,
        "never": 0.5,
        "n": 2,
    }
    assert figures["time_to_right_known_s"]["n"] == 1
    assert figures["time_to_right_known_s"]["never"] == 0.0
    after_clip = figures["time_to_right_after_clip_s"]
    assert (after_clip["p50"], after_clip["p90"], after_clip["n"]) == (1.0, 10.0, 2)


def test_a_label_that_comes_with_a_later_clip_of_the_block_is_late_and_not_never():
    truth = np.array([[1, 2, 2]])
    shown = shown_by([(1, 30)], [(1, 30)], [(1, 4), (2, 26)])
    figures = switching(shown, truth, np.ones((1, 3), dtype=bool), HOP_S)
    assert figures["time_to_right_s"]["p50"] == 35.0


def test_changes_within_a_genre_include_those_at_a_new_song():
    """Each song is named something else, steadily: still within songs, and one change a song within the genre."""
    truth = np.array([[1, 1, 1, 2, 2, 2]])
    shown = shown_by(*([(label, CLIP_S)] for label in (1, 4, 1, 2, 2, 2)))
    figures = stillness(shown, truth, HOP_S)["changes_per_minute"]
    assert figures["within_clip"] == 0.0
    minutes = 2 * (3 * CLIP_S - 5 - 1) / 60
    assert figures["within_genre"] == pytest.approx(2 / minutes, abs=1e-4)


def test_the_first_and_the_last_ten_minutes_are_told_apart(rng):
    """Right for ten minutes, then 60 % right: 0.4 less at the end, in an order and its reverse."""
    truth = np.repeat(np.arange(10), 6)[None].repeat(2, 0)
    shown = np.repeat(truth[:, :, None], CLIP_S, axis=2).reshape(2, -1)
    wrong = rng.random(shown.shape) < 0.4
    wrong[:, :600] = False
    shown = np.where(wrong, -1, shown).reshape(2, 60, CLIP_S)
    figures = endurance(shown, truth, HOP_S)
    assert figures["accuracy_first_10min"]["mean"] == 1.0
    assert figures["accuracy_last_10min"]["mean"] == pytest.approx(0.6, abs=0.06)
    assert figures["last_minus_first"]["mean"] == pytest.approx(-0.4, abs=0.06)
    assert figures["last_minus_first"]["n"] == 1
    assert figures["time_unnamed"]["mean"] == pytest.approx(0.4 * 2 / 3, abs=0.04)


def test_a_tagger_that_hears_the_genres_is_right_soon_and_stays_right(
    subject: Subject, evidence: Evidence, short_clips: int, monkeypatch
) -> None:
    monkeypatch.setattr(long_stream, "CLIPS_A_GENRE", 1)
    monkeypatch.setattr(long_stream, "NUM_PAIRS", 1)
    figures = json.loads(json.dumps(long_stream.run(subject, evidence)))
    assert figures["orders"] == 2
    assert figures["seconds"] == pytest.approx(10 * short_clips * subject.hop_s, abs=0.1)
    assert figures["time_to_right_s"]["n"] == 18
    assert figures["time_to_right_s"]["never"] == 0.0
    assert 0.5 < figures["time_to_right_s"]["p50"] <= figures["time_to_right_s"]["p90"] < 12.0
    # After a change the old label may go late, and the new one come later: no more than that.
    minutes = 10 * (short_clips * subject.hop_s - 5.0) / 60.0
    assert figures["changes_per_minute"]["within_clip"] <= 9 * 2 / minutes + 0.01
    assert figures["time_right"]["mean"] > 0.6
    timeline = figures["timeline"]
    assert len({len(timeline[name]) for name in ("time_s", "truth", "label", "probs")}) == 1
    assert len(timeline["time_s"]) == math.ceil(figures["seconds"])
    assert np.mean(np.array(timeline["truth"]) == np.array(timeline["label"])) > 0.6
