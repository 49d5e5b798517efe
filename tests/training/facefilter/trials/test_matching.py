"""Matching, of embeddings that know the kind of a voice and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from training.facefilter.trials import matching


@pytest.fixture(scope="module")
def figures(subject, evidence):
    return matching.run(subject, evidence)


def test_who_knows_the_sex_alone_is_right_as_often_as_that_gives(figures):
    for heard in figures["face_voice"].values():
        assert heard["pairs"]["opposite"]["both_ways"]["mean"] == 1.0
        assert heard["pairs"]["same"]["both_ways"]["mean"] == 0.5
        assert heard["pairs"]["all"]["both_ways"]["mean"] == pytest.approx(heard["sex_alone_would_give"], abs=1e-4)


def test_every_ordered_pair_of_two_people_is_asked(figures):
    assert figures["face_voice"]["whole"]["pairs"]["all"]["both_ways"]["n"] == 6 * 5
    assert figures["voice_voice"]["other_sentence"]["all"]["n"] == 12 * 9


def test_the_two_ways_are_two_questions(evidence):
    """Voice 0 is loud: it is most like every face, so only faces other than its own are asked in vain."""
    similarity = np.zeros((6, 6))
    similarity[:, 0] = 1.0
    figures = matching.matched(similarity, evidence.faces)["pairs"]["all"]
    assert figures["face_to_voice"]["mean"] == pytest.approx((5 * 1.0 + 5 * 0.0 + 20 * 0.5) / 30, abs=1e-4)
    assert figures["voice_to_face"]["mean"] == 0.5


def test_histograms_count_every_pair_once(figures):
    counts = figures["histograms"]["face_voice"]["counts"]
    assert [sum(counts[kind]) for kind in ("same_person", "same_sex", "other_sex")] == [6, 12, 18]
    assert sum(figures["histograms"]["voice_voice"]["counts"]["same_person"]) == 12 * 2
