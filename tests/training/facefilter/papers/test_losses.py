import math

import pytest
import torch

from training.facefilter.papers.losses import FLOOR, permutation_invariant_loss, separation_loss, speaker_loss


def magnitude(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, 5, 257, generator=torch.Generator().manual_seed(seed))


def total(x: torch.Tensor) -> torch.Tensor:
    """Stands for a voice encoder: the mean spectrum."""
    return x.mean(1)


def test_a_magnitude_that_is_e_times_too_high_costs_one() -> None:
    reference = magnitude(3)
    high = (reference + FLOOR) * math.e - FLOOR
    torch.testing.assert_close(separation_loss(high, reference), torch.ones(3))


def test_too_low_costs_as_much_as_too_high() -> None:
    reference = magnitude(1) + FLOOR
    high, low = 2.0 * (reference + FLOOR) - FLOOR, 0.5 * (reference + FLOOR) - FLOOR
    torch.testing.assert_close(separation_loss(low, reference), separation_loss(high, reference))


def test_silence_costs_little_beside_silence() -> None:
    silence = torch.zeros(1, 5, 257)
    assert float(separation_loss(silence + FLOOR / 100, silence)) < 1e-3
    assert torch.isfinite(separation_loss(silence, magnitude(1))).all()


def test_the_order_of_the_outputs_does_not_matter_to_permutation_invariant_training() -> None:
    separated, references = magnitude(4, 2), magnitude(4, 2, seed=1)
    loss = permutation_invariant_loss(separated, references)
    torch.testing.assert_close(permutation_invariant_loss(separated.flip(1), references), loss)
    straight, crossed = (separation_loss(x, references).mean(1) for x in (separated, separated.flip(1)))
    assert torch.equal(loss, torch.minimum(straight, crossed))
    assert (straight < crossed).any() and (crossed < straight).any(), "both orders occur"


def test_every_mixture_has_an_order_of_its_own() -> None:
    references = magnitude(2, 2)
    separated = torch.stack((references[0], references[1].flip(0)))
    torch.testing.assert_close(permutation_invariant_loss(separated, references), torch.zeros(2))


def test_the_speaker_loss_is_0_for_the_same_voice_at_any_level() -> None:
    reference = magnitude(2, 3)
    torch.testing.assert_close(speaker_loss(3.0 * reference, reference, total), torch.zeros(2, 3), atol=1e-6, rtol=0)


def test_the_speaker_loss_is_1_for_voices_that_have_nothing_in_common() -> None:
    low, high = torch.zeros(1, 5, 257), torch.zeros(1, 5, 257)
    low[..., :100], high[..., 100:] = 1.0, 1.0
    torch.testing.assert_close(speaker_loss(low, high, total), torch.ones(1))


def test_the_speaker_loss_changes_what_was_separated_and_not_the_reference() -> None:
    separated, reference = magnitude(1).requires_grad_(), magnitude(1, seed=1).requires_grad_()
    speaker_loss(separated, reference, total).sum().backward()
    assert separated.grad is not None and float(separated.grad.abs().sum()) > 0
    assert reference.grad is None


@pytest.mark.parametrize("loss", [separation_loss, permutation_invariant_loss])
def test_what_is_right_costs_nothing(loss) -> None:
    references = magnitude(2, 2)
    assert torch.equal(loss(references, references), torch.zeros_like(loss(references, references)))
