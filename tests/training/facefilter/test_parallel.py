import pytest
import torch
from torch import Tensor

from models.separator import Separator
from tests.models.small_separator import embeddings, noise, run, small_separator
from training.facefilter.parallel import ParallelSeparator, Recurrence

MIXTURES, CHOICES, HOPS = 3, 2, 30


@pytest.fixture
def net() -> Separator:
    return small_separator()


def targets() -> Tensor:
    """Three mixtures with two targets each: faces, voices, both and nothing."""
    has = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    face, voice = embeddings(6, 1) * has[:, :1], embeddings(6, 2) * has[:, 1:]
    return torch.cat((face, voice, has), 1).view(MIXTURES, CHOICES, -1)


def stepped(net: Separator, mixtures: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Returns what streaming gives: ``wet``, the logits of the beliefs ``[B, F, 3]`` and the voices ``[B, F, E]``."""
    beliefs: list[Tensor] = []
    voices: list[Tensor] = []
    hooks = [
        net.belief.register_forward_hook(lambda module, arguments, y: beliefs.append(y)),
        net.identity.register_forward_hook(lambda module, arguments, y: voices.append(y)),
    ]
    state = net.init_state(len(mixtures))
    state = net.with_target(state, target[:, :128], target[:, 128:256], target[:, 256:])
    wet, _, _, _ = run(net, mixtures, state, lock_on=0.0)
    for hook in hooks:
        hook.remove()
    return wet, torch.stack(beliefs, 1), torch.nn.functional.normalize(torch.stack(voices, 1), dim=2)


@torch.inference_mode()
def test_with_float_products_it_is_the_streaming_separator(net: Separator) -> None:
    mixtures, asked = noise(MIXTURES, HOPS), targets()
    said = ParallelSeparator(net, torch.float32, compiled=False)(mixtures, asked)
    assert said.wet.shape == (MIXTURES, CHOICES, 160 * HOPS)
    for k in range(CHOICES):
        wet, beliefs, voices = stepped(net, mixtures, asked[:, k])
        torch.testing.assert_close(said.wet[:, k], wet, atol=1e-4, rtol=1e-4)
        got = torch.stack((said.present[:, k], said.loudest[:, k], said.confidence[:, k]), 2)
        torch.testing.assert_close(got, beliefs, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(said.voice, voices, atol=1e-4, rtol=1e-3)
    assert float((said.wet[:, 0] - said.wet[:, 1]).abs().max()) > 1e-2, "targets that change nothing would agree"


@torch.inference_mode()
def test_with_half_products_it_is_nearly_so(net: Separator) -> None:
    mixtures, asked = noise(MIXTURES, HOPS), targets()
    exact, fast = (
        ParallelSeparator(net, dtype, compiled=False)(mixtures, asked) for dtype in (torch.float32, torch.bfloat16)
    )
    error = (fast.wet - exact.wet).square().sum() / exact.wet.square().sum()
    assert 0 < float(error) < 0.01


def test_its_gradients_are_those_of_the_streaming_separator() -> None:
    mixtures, asked, gradients = noise(MIXTURES, 6), targets()[:, :1], []
    for parallel in (True, False):
        net = small_separator()
        if parallel:
            said = ParallelSeparator(net, torch.float32, compiled=False)(mixtures, asked)
            wet, present = said.wet[:, 0], said.present[:, 0]
        else:
            wet, beliefs, _ = stepped(net, mixtures, asked[:, 0])
            present = beliefs[..., 0]
        (wet.square().mean() + 0.01 * present.sin().mean()).backward()
        gradients.append({name: value.grad for name, value in net.named_parameters() if value.grad is not None})
    one, other = gradients
    assert one.keys() == other.keys() and len(one) > 20
    for name, gradient in one.items():
        scale = float(other[name].abs().max()) + 1e-9
        torch.testing.assert_close(
            gradient / scale, other[name] / scale, atol=2e-3, rtol=0, msg=lambda m, n=name: f"{n}: {m}"
        )


@torch.inference_mode()
def test_levels_are_the_running_power(net: Separator) -> None:
    mixtures = noise(2, 250)
    powers = mixtures.unflatten(1, (-1, 160)).square().mean(2)
    levels = ParallelSeparator(net, compiled=False).levels(mixtures)[..., 0].T
    torch.testing.assert_close(levels[:, 199], powers[:, :200].mean(1), rtol=1e-4, atol=0)
    torch.testing.assert_close(levels[:, 200], levels[:, 199] + (powers[:, 200] - levels[:, 199]) / 200)


def test_the_recurrence_is_its_formula_and_has_its_gradient() -> None:
    generator = torch.Generator().manual_seed(0)
    forget = torch.rand(5, 2, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    gain = torch.randn(5, 2, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    h, expected = Recurrence.apply(forget, gain), torch.zeros(2, 3, dtype=torch.float64)
    for t in range(5):
        expected = forget[t] * expected + gain[t]
        torch.testing.assert_close(h[t], expected)
    assert torch.autograd.gradcheck(Recurrence.apply, (forget, gain))
