"""Conversations made of short recordings, and what lock-on does in them."""

from __future__ import annotations

import numpy as np
import pytest

from training.facefilter.trials import lock_on
from training.facefilter.trials.conversations import Conversation, converse, pieces_of
from training.facefilter.trials.lock_on import Row, gains_of, lock_of
from training.facefilter.trials.measures import active_rms
from training.facefilter.trials.mixing import LEVEL
from training.facefilter.trials.subject import Kept


def test_both_talk_and_both_pause(evidence, rng):
    conversation = converse(evidence.faces, (0, 1), 20.0, rng)
    assert conversation.parts.shape == (2, 320_000)
    assert np.array_equal(conversation.audio, conversation.parts.sum(0))
    for part in conversation.parts:
        assert active_rms(part) == pytest.approx(LEVEL, rel=0.3)
        frames = np.square(part).reshape(-1, 160).sum(1)
        assert 0.3 < (frames > 0).mean() < 0.95


def test_pieces_of_one_recording_are_all_of_it_and_disjoint(evidence, rng):
    pieces = pieces_of(evidence.faces, 0, rng)
    assert sum(map(len, pieces)) == len(evidence.faces[0].speech)
    assert min(map(len, pieces)) >= 16_000


def test_the_sentence_that_was_the_sample_is_not_heard(evidence, rng):
    """A fourth sentence is needed for three to be left."""
    first = evidence.learners[0]
    talkers = (*evidence.learners[:3], first)
    pieces = pieces_of(talkers, 0, rng)
    sample = first.sample[:8_000] / np.abs(first.sample[:8_000]).max()
    assert pieces
    for piece in pieces:
        assert not np.allclose(piece[:8_000] / np.abs(piece[:8_000]).max(), sample, atol=1e-3)


@pytest.fixture
def row(rng):
    parts = 0.05 * rng.standard_normal((2, 480_000)).astype(np.float32)
    parts[0, 80_000:240_000] = 0.0
    return Row(Conversation((0, 1), parts), 0)


def test_a_window_in_which_the_target_says_nothing_is_not_judged(row):
    gains = gains_of(row, row.conversation.parts[0] + 0.1 * row.conversation.parts[1])
    assert gains[0] == pytest.approx(20.0, abs=0.2)
    assert np.isnan(gains[1])


def test_a_lock_is_on_whom_the_output_is_nearer_from_then_on(row):
    report = np.zeros((3_000, 4), np.float32)
    assert lock_of(row, Kept(row.conversation.audio, report)) == (None, None)
    report[500:, 2] = 1.0
    wet = row.conversation.parts[1].copy()
    assert lock_of(row, Kept(wet, report)) == (5.0, False)
    wet[80_000:] = row.conversation.parts[0, 80_000:]
    assert lock_of(row, Kept(wet, report)) == (5.0, True)


def test_with_and_without_a_lock_the_same_conversations_are_heard(subject, evidence, monkeypatch):
    monkeypatch.setattr(lock_on, "CONVERSATIONS", 1)
    figures = lock_on.run(subject, evidence)["sets"]
    by_face = figures["facevoice"]["face"]["all"]
    assert by_face["locked"]["share"] == 1.0
    assert by_face["first_lock_s"] == 1.0
    assert by_face["difference"]["15-30"]["mean"] == 0.0
    assert by_face["helped"]["share"] == by_face["harmed"]["share"] == 0.0
    assert set(figures["speechocean762"]["voice"]["all"]["si_sdri"]) == {"off"}
