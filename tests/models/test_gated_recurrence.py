import pytest
import torch
from torch import Tensor

from models.gated_recurrence import GatedRecurrence

WIDTH, HIDDEN, BATCH = 6, 5, 3


@pytest.fixture
def block() -> GatedRecurrence:
    torch.manual_seed(0)
    return GatedRecurrence(WIDTH, HIDDEN).eval()


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def memory(batch: int = BATCH) -> tuple[Tensor, Tensor]:
    return draw(batch, WIDTH, seed=1), draw(batch, HIDDEN, seed=2)


@torch.inference_mode()
def test_a_step_is_the_formula(block: GatedRecurrence) -> None:
    x, film, (u, h) = draw(BATCH, WIDTH), draw(BATCH, 2 * WIDTH, seed=3), memory()
    y, new_u, new_h = block(x, film, u, h)
    for row in range(BATCH):
        normal = x[row] / x[row].square().mean().sqrt() * block.norm
        expected_u = normal * (1 + film[row, :WIDTH]) + film[row, WIDTH:]
        z = block.gates.weight @ (block.before * u[row] + block.now * expected_u) + block.gates.bias
        keep = torch.sigmoid(z[:HIDDEN])
        expected_h = keep * h[row] + (1 - keep) * z[HIDDEN : 2 * HIDDEN]
        out = block.output.weight @ (torch.sigmoid(z[2 * HIDDEN :]) * expected_h) + block.output.bias
        torch.testing.assert_close(new_u[row], expected_u, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(new_h[row], expected_h, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(y[row], x[row] + out, atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_a_louder_input_is_passed_on_and_changes_nothing_else(block: GatedRecurrence) -> None:
    x, film, (u, h) = draw(BATCH, WIDTH), draw(BATCH, 2 * WIDTH, seed=3), memory()
    y, new_u, new_h = block(x, film, u, h)
    louder, same_u, same_h = block(100 * x, film, u, h)
    torch.testing.assert_close(louder - 100 * x, y - x, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close((same_u, same_h), (new_u, new_h), atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_without_a_condition_only_the_input_counts(block: GatedRecurrence) -> None:
    x = draw(BATCH, WIDTH)
    expected = x / x.square().mean(1, keepdim=True).sqrt()
    torch.testing.assert_close(block.modulate(x, torch.zeros(BATCH, 2 * WIDTH)), expected, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_what_was_heard_fades_as_fast_as_the_gates_say(block: GatedRecurrence) -> None:
    block.gates.weight.zero_()
    block.gates.bias.copy_(torch.tensor([0.0, 2.0, 4.0, 1.0, 3.0, *[0.0] * 2 * HIDDEN]))
    u, h = torch.zeros(1, WIDTH), torch.ones(1, HIDDEN)
    for _ in range(10):
        _, u, h = block(draw(1, WIDTH), torch.zeros(1, 2 * WIDTH), u, h)
    torch.testing.assert_close(h[0], torch.sigmoid(block.gates.bias[:HIDDEN]) ** 10)


@torch.inference_mode()
def test_some_units_remember_at_first_and_some_follow() -> None:
    torch.manual_seed(0)
    keep = torch.sigmoid(GatedRecurrence(8, 512).gates.bias[:512])
    frames = 1 / (1 - keep)
    assert 1.9 < float(frames.min()) < 3 and 50 < float(frames.max()) < 62


@torch.inference_mode()
def test_streams_do_not_touch_one_another(block: GatedRecurrence) -> None:
    arguments = (draw(BATCH, WIDTH), draw(BATCH, 2 * WIDTH, seed=3), *memory())
    together = block(*arguments)
    for row in range(BATCH):
        alone = block(*(value[row : row + 1] for value in arguments))
        torch.testing.assert_close(alone, tuple(value[row : row + 1] for value in together))


@torch.inference_mode()
def test_the_memory_passed_in_is_not_changed(block: GatedRecurrence) -> None:
    arguments = (draw(BATCH, WIDTH), draw(BATCH, 2 * WIDTH, seed=3), *memory())
    copies = tuple(value.clone() for value in arguments)
    block(*arguments)
    assert all(torch.equal(value, copy) for value, copy in zip(arguments, copies, strict=True))


@torch.inference_mode()
def test_scripted_equals_eager_over_carried_states(block: GatedRecurrence) -> None:
    scripted, states = torch.jit.script(block), [memory(), memory()]
    for frame in range(6):
        x, film = draw(BATCH, WIDTH, seed=frame), draw(BATCH, 2 * WIDTH, seed=frame + 50)
        said = [module(x, film, *state) for module, state in zip((block, scripted), states, strict=True)]
        torch.testing.assert_close(said[0], said[1])
        states = [(u, h) for _, u, h in said]
