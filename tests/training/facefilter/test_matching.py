import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from training.facefilter.matching import MatchingOptions, Pairs, embed_faces, fit_face_head, fit_voice_head, n_way

NUM_FEATURES = 1_796
PEOPLE = 12


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture
def pairs() -> Pairs:
    """Everybody's face shows which voice is theirs, in a way that a linear map can find."""
    rng = np.random.default_rng(0)
    voices = unit(rng.normal(size=(PEOPLE, 128)))
    shown = voices @ rng.normal(size=(128, NUM_FEATURES)).astype(np.float32)
    male = (np.arange(PEOPLE) % 2).astype(np.float32)
    lfw = rng.normal(size=(6, NUM_FEATURES)).astype(np.float32)
    return Pairs(shown, [unit(v + 0.02 * rng.normal(size=(3, 128))) for v in voices], male, lfw, male[:6])


def test_the_loss_is_that_of_choosing_among_all_rows_both_ways() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = (normalize(torch.randn(4, 3, generator=generator), dim=1) for _ in range(2))
    expected = 0.0
    for i in range(4):
        to_b = [3.0 * float(a[i] @ b[j]) for j in range(4)]
        to_a = [3.0 * float(a[j] @ b[i]) for j in range(4)]
        expected -= np.log(np.exp(to_b[i]) / np.exp(to_b).sum()) / 8
        expected -= np.log(np.exp(to_a[i]) / np.exp(to_a).sum()) / 8
    loss = n_way(a, b, torch.arange(4), torch.tensor(3.0).log())
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_another_row_of_the_same_person_is_no_wrong_answer() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = (normalize(torch.randn(3, 5, generator=generator), dim=1) for _ in range(2))
    alone = n_way(a[:2], b[:2], torch.tensor([7, 8]), torch.zeros(()))
    # The third row is the first one again: it competes with the second and never with the first.
    again = torch.tensor([0, 1, 0])
    loss = n_way(a[again], b[again], torch.tensor([7, 8, 7]), torch.zeros(()))
    s = a[:2] @ b[:2].T
    first = torch.logsumexp(s[0], 0) - s[0, 0] + torch.logsumexp(s[:, 0], 0) - s[0, 0]
    second = torch.logsumexp(s[1, again], 0) - s[1, 1] + torch.logsumexp(s[again, 1], 0) - s[1, 1]
    assert float(loss) == pytest.approx(float(2 * first + second) / 6, rel=1e-5)
    assert float(alone) == pytest.approx(
        float(first + torch.logsumexp(s[1], 0) + torch.logsumexp(s[:, 1], 0) - 2 * s[1, 1]) / 4, rel=1e-5
    )
    assert float(n_way(a[:1], b[:1], torch.tensor([1]), torch.zeros(()))) == 0.0


def test_voices_of_one_speaker_are_brought_together() -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(8, 256))
    readings = (np.repeat(centres, 6, axis=0) + 2.0 * rng.normal(size=(48, 256))).astype(np.float32)
    speakers = [np.arange(6) + 6 * i for i in range(8)]
    male = np.repeat(np.arange(8) % 2, 6).astype(np.float32)
    untrained, trained = (fit_voice_head(readings, speakers, male, steps=steps) for steps in (1, 40))

    def apart(head: torch.nn.Linear) -> float:
        with torch.inference_mode():
            embedded = normalize(head(torch.from_numpy(readings)), dim=1)
        similarity = (embedded @ embedded.T).view(8, 6, 8, 6).mean((1, 3))
        return float(similarity.diagonal().mean() - similarity.mean())

    assert apart(trained) > 1.5 * apart(untrained)
    assert not any(weight.requires_grad for weight in trained.parameters())


def test_faces_learn_to_find_their_voices_which_stay_where_they_are(pairs: Pairs) -> None:
    before = [voice.copy() for voice in pairs.voices]
    options = MatchingOptions(steps=25, dropout=0.2, noise=0.1)
    head = fit_face_head(pairs, options)
    assert all(np.array_equal(voice, copy) for voice, copy in zip(pairs.voices, before, strict=True))
    similarity = embed_faces([head], pairs.seen) @ np.stack([unit(voice.mean(0)) for voice in pairs.voices]).T
    assert (similarity.argmax(1) == np.arange(PEOPLE)).mean() > 0.7
    assert not head.training and not any(weight.requires_grad for weight in head.parameters())


def test_the_seed_decides_everything(pairs: Pairs) -> None:
    options = MatchingOptions(steps=2)
    one, other, third = (embed_faces([fit_face_head(pairs, options, seed)], pairs.seen) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, other)
    assert not np.allclose(one, third)


def test_the_answers_of_heads_are_averaged(pairs: Pairs) -> None:
    heads = [fit_face_head(pairs, MatchingOptions(steps=2), seed) for seed in (0, 1)]
    each = [embed_faces([head], pairs.seen) for head in heads]
    np.testing.assert_allclose(embed_faces(heads, pairs.seen), unit(each[0] + each[1]), atol=1e-5)


def test_taking_rows_keeps_faces_and_voices_together(pairs: Pairs) -> None:
    taken = pairs.take(np.array([4, 1]))
    np.testing.assert_array_equal(taken.seen, pairs.seen[[4, 1]])
    assert taken.voices[0] is pairs.voices[4] and taken.voices[1] is pairs.voices[1]
    assert taken.male.tolist() == [0.0, 1.0]
    assert taken.lfw is pairs.lfw and taken.lfw_male is pairs.lfw_male
