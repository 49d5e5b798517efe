import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.export import largest_difference
from models.frontend import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE
from models.genre import TICK_FRAMES, GenreNet, GenreOutput

FRAMES = 24


def audio(batch: int, frames: int = FRAMES, seed: int = 0) -> torch.Tensor:
    """Noise whose level changes, so that the outputs do too."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, FRAME_SAMPLES + HOP_SAMPLES * (frames - 1), generator=generator)
    return x * torch.linspace(0.001, 0.3, x.shape[1])


def run(net: GenreNet, x: torch.Tensor, chunking: list[int]) -> tuple[GenreOutput, torch.Tensor]:
    """Feeds ``x`` in calls of ``chunking`` frames each; the outputs are joined."""
    state, start, outputs = net.init_state(len(x)), 0, []
    for frames in chunking:
        y, state = net(x[:, start : start + FRAME_SAMPLES + HOP_SAMPLES * (frames - 1)], state)
        outputs.append(y)
        start += HOP_SAMPLES * frames
    log_probs, music, level, embedding, heard_s = (torch.cat(parts, 1) for parts in zip(*outputs, strict=True))
    return (log_probs, music, level, embedding, heard_s), state


def assert_same(one: tuple[torch.Tensor, ...], other: tuple[torch.Tensor, ...], tolerance: float = 1e-4) -> None:
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, atol=tolerance, rtol=0)


@st.composite
def chunkings(draw: st.DrawFn) -> list[int]:
    lengths: list[int] = []
    while sum(lengths) < FRAMES:
        lengths.append(draw(st.integers(1, FRAMES - sum(lengths))))
    return lengths


@torch.inference_mode()
def test_any_chunking_gives_the_offline_numbers(net: GenreNet) -> None:
    x = audio(1)
    expected, last = run(net, x, [FRAMES])
    assert float(expected[0].std(1).max()) > 0.01, "outputs that do not move would agree by accident"

    @settings(max_examples=25, deadline=None)
    @given(chunkings())
    def check(chunking: list[int]) -> None:
        got, state = run(net, x, chunking)
        assert_same(got, expected)
        torch.testing.assert_close(state, last, atol=1e-4, rtol=1e-4)

    check()


@torch.inference_mode()
def test_a_batch_gives_the_numbers_of_each_alone(net: GenreNet) -> None:
    x = audio(5)
    together, _ = run(net, x, [1] * FRAMES)
    for row in range(5):
        alone, _ = run(net, x[row : row + 1], [1] * FRAMES)
        assert_same(tuple(value[row : row + 1] for value in together), alone)


def test_scripted_equals_eager_over_carried_states(net: GenreNet) -> None:
    assert largest_difference(net, torch.jit.script(net), FRAME_SAMPLES, HOP_SAMPLES) < 1e-5


@torch.inference_mode()
def test_the_state_passed_in_is_not_changed(net: GenreNet) -> None:
    _, state = net(audio(2, 3), net.init_state(2))
    copy = state.clone()
    net(audio(2, 1, seed=1), state)
    assert torch.equal(state, copy)


@torch.inference_mode()
def test_frames_not_yet_heard_change_nothing(net: GenreNet) -> None:
    x = audio(1)
    longer = torch.cat((x, torch.randn(1, 5 * HOP_SAMPLES)), 1)
    assert_same(tuple(value[:, :FRAMES] for value in run(net, longer, [FRAMES + 5])[0]), run(net, x, [FRAMES])[0])


@torch.inference_mode()
def test_outputs_are_probabilities_levels_and_directions(net: GenreNet) -> None:
    x = torch.full((1, FRAME_SAMPLES + HOP_SAMPLES * (TICK_FRAMES - 1)), 0.1)
    outputs, _ = run(net, x, [TICK_FRAMES])
    log_probs, music, level, embedding, _ = (value[:, -1:] for value in outputs)
    assert (log_probs.shape[-1], embedding.shape[-1]) == (net.num_labels, net.embedding_size)
    assert float(embedding.norm()) == pytest.approx(1.0, abs=1e-5)
    assert float(log_probs.exp().sum()) == pytest.approx(1.0, abs=1e-5)
    assert bool(torch.isfinite(music).all())
    assert float(level) == pytest.approx(-20.0, abs=1e-3)


def test_training_and_serving_features_are_the_same(net: GenreNet) -> None:
    x = audio(2, 6)
    with torch.inference_mode():
        served, _ = run(net, x, [1] * 6)
    with torch.no_grad():
        log_probs, music, embedding, heard_s, _ = net.tag(*net.bands(x), net.init_state(2))
    assert_same((log_probs, music, embedding, heard_s), (*served[:2], *served[3:]))


@torch.inference_mode()
def test_a_state_of_zeros_has_heard_nothing(net: GenreNet) -> None:
    state = net.init_state(2)
    assert state.shape[0] == 2 and not bool(state.any())
    (log_probs, *_, heard_s), _ = net(audio(2), state)
    heard = [frame // TICK_FRAMES * TICK_FRAMES for frame in range(1, FRAMES + 1)]
    assert heard_s[1].tolist() == pytest.approx([frames * HOP_SAMPLES / SAMPLE_RATE for frames in heard])
    torch.testing.assert_close(log_probs[:, 0].exp(), torch.full((2, net.num_labels), 1 / net.num_labels))
