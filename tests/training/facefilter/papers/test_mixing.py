from collections import Counter

import pytest
import torch

from training.facefilter.corpus import CorpusError
from training.facefilter.papers.mixing import LEVEL, draw_training, draw_trial
from training.facefilter.papers.talkers import MIXTURE_SAMPLES, Talkers


def test_the_same_step_draws_the_same_mixtures_and_another_step_others(train: Talkers) -> None:
    first, again, next_step = (draw_training(train, 4, 0, step) for step in (7, 7, 8))
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
    assert not torch.equal(first.voices, next_step.voices)


def test_two_people_are_mixed_at_the_level_and_never_one_with_themselves(train: Talkers) -> None:
    mixtures = draw_training(train, 60, 0, 0)
    assert mixtures.voices.shape == (60, 2, MIXTURE_SAMPLES)
    torch.testing.assert_close(mixtures.mixture.square().mean(1).sqrt(), torch.full((60,), LEVEL))
    assert (mixtures.people[:, 0] != mixtures.people[:, 1]).all()


def test_faces_are_those_of_the_voices(train: Talkers) -> None:
    mixtures = draw_training(train, 8, 0, 0)
    for b in range(8):
        for n in range(2):
            person = train[int(mixtures.people[b, n])]
            assert torch.equal(mixtures.faces[b, n], torch.from_numpy(person.face))


def levels_db(voices: torch.Tensor) -> torch.Tensor:
    rms = voices.square().mean(2).sqrt()
    return 20.0 * (rms[:, 0] / rms[:, 1]).log10()


def test_training_mixes_within_three_decibels_and_a_trial_at_none(train: Talkers, valid: Talkers) -> None:
    trained = levels_db(draw_training(train, 60, 0, 0).voices)
    assert float(trained.abs().max()) < 3.0 + 1e-3
    assert float(trained.min()) < -1.5 < 1.5 < float(trained.max())
    torch.testing.assert_close(levels_db(draw_trial(valid, 3, 0).voices), torch.zeros(12), atol=1e-3, rtol=0)


def test_a_trial_has_every_pair_of_sexes_as_often(train: Talkers) -> None:
    mixtures = draw_trial(train, 5, 0)
    pairs = Counter("-".join(train[int(n)].sex for n in pair) for pair in mixtures.people)
    assert pairs == {"m-m": 5, "m-f": 5, "f-m": 5, "f-f": 5}


def test_a_trial_without_women_is_refused(village) -> None:
    men = [item for item in village.recordings if village.sexes[item.name] == "m"]
    faces = {item.name: village.faces[item.name] for item in men}
    talkers = Talkers(village.recordings, village.waveforms, faces, village.sexes, "train")
    with pytest.raises(CorpusError, match="expected two people of sex m and f"):
        draw_trial(talkers, 1, 0)


def test_the_sex_is_the_manifests_and_else_the_estimate(village) -> None:
    wrong = {name: "m" if sex == "f" else "f" for name, sex in village.sexes.items()}
    talkers = Talkers(village.recordings, village.waveforms, village.faces, wrong, "train")
    for talker in talkers.talkers:
        given = village.recordings[talker.index].sex
        assert talker.sex == (given or wrong[talker.person])


def test_parts_have_no_people_in_common(train: Talkers, valid: Talkers) -> None:
    people = [{talker.person for talker in part.talkers} for part in (train, valid)]
    assert (len(people[0]), len(people[1])) == (8, 4) and not people[0] & people[1]


def test_a_part_with_nobody_is_refused(village) -> None:
    with pytest.raises(CorpusError, match=r"expected two people or more with a face and 2 s of voice, got 0"):
        Talkers(village.recordings, village.waveforms, {}, {}, "train")
