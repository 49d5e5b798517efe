import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.export import largest_difference
from models.frontend import FRAME_SAMPLES, HOP_SAMPLES, NUM_CHROMA, NUM_MELS, SAMPLE_RATE, Bands
from models.genre import MEMORY_FRAMES, TICK_FRAMES, GenreNet, GenreOutput, merge
from models.music_statistics import NUM_STATISTICS

FRAMES = 3 * TICK_FRAMES + 2
HOP_S = HOP_SAMPLES / SAMPLE_RATE
NEVER, ALWAYS = 1e9, -1.0
"""Limits at which no tick is a change, and at which every tick is one that may be."""


def audio(batch: int, frames: int = FRAMES, seed: int = 0) -> Tensor:
    """Noise whose level changes, so that the outputs do too."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, FRAME_SAMPLES + HOP_SAMPLES * (frames - 1), generator=generator)
    return x * torch.linspace(0.001, 0.3, x.shape[1])


def bands_of(batch: int, ticks: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Made-up mel bands and chroma, dB, of whole ticks; each stream has its own colour."""
    generator = torch.Generator().manual_seed(seed)
    sizes = (NUM_MELS, NUM_CHROMA)
    return tuple(  # type: ignore[return-value]
        torch.randn(batch, 1, size, generator=generator) * 8.0
        + torch.randn(batch, ticks * TICK_FRAMES, size, generator=generator) * 6.0
        - 40.0
        for size in sizes
    )


def run(net: GenreNet, x: Tensor, chunking: list[int], state: Tensor | None = None) -> tuple[GenreOutput, Tensor]:
    """Feeds ``x`` in calls of ``chunking`` frames each; the outputs are joined."""
    state, start, outputs = net.init_state(len(x)) if state is None else state, 0, []
    for frames in chunking:
        y, state = net(x[:, start : start + FRAME_SAMPLES + HOP_SAMPLES * (frames - 1)], state)
        outputs.append(y)
        start += HOP_SAMPLES * frames
    log_probs, music, level, embedding, heard_s = (torch.cat(parts, 1) for parts in zip(*outputs, strict=True))
    return (log_probs, music, level, embedding, heard_s), state


def assert_same(one: tuple[Tensor, ...], other: tuple[Tensor, ...], tolerance: float = 1e-4) -> None:
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

    @settings(max_examples=15, deadline=None)
    @given(chunkings())
    def check(chunking: list[int]) -> None:
        got, state = run(net, x, chunking)
        assert_same(got, expected, 1e-3)
        torch.testing.assert_close(state, last, atol=1e-3, rtol=1e-3)

    check()


@torch.inference_mode()
def test_streams_at_different_places_in_their_ticks_do_not_touch_one_another(net: GenreNet) -> None:
    begun = [0, 4, 11, 15]
    states = [run(net, audio(1, frames, seed=frames), [frames])[1] if frames else net.init_state(1) for frames in begun]
    x = audio(len(begun), seed=9)
    together, last = run(net, x, [1] * FRAMES, torch.cat(states))
    for row, state in enumerate(states):
        alone, last_alone = run(net, x[row : row + 1], [1] * FRAMES, state)
        assert_same(tuple(value[row : row + 1] for value in together), alone, 1e-3)
        torch.testing.assert_close(last[row : row + 1], last_alone, atol=1e-3, rtol=1e-3)


def test_scripted_equals_eager_over_ticks_and_changes(net: GenreNet) -> None:
    scripted = torch.jit.script(net)
    rounds = 40  # of one to four frames: nine ticks, of which the seventh may be a change
    for limit in (NEVER, ALWAYS):
        for module in (net, scripted):
            module.drift.fill_(0.0)
            module.limit.fill_(limit)
        assert largest_difference(net, scripted, FRAME_SAMPLES, HOP_SAMPLES, rounds) < 1e-4


@torch.inference_mode()
def test_training_on_ticks_is_streaming_at_their_ends(net: GenreNet) -> None:
    """A clip of 30 s: the sums of its ticks, read and recalled in one go, against a frame at a time."""
    mel_db, chroma_db = bands_of(2, 31)
    log_probs, _, embedding, _, _ = net.tag(mel_db, chroma_db, net.init_state(2))

    sums = net.tick_sums(mel_db, chroma_db)
    counts = TICK_FRAMES * torch.arange(1.0, 32).repeat(2).unsqueeze(1)
    readings = net.read(sums.cumsum(1).flatten(0, 1), counts).view(2, 31, NUM_STATISTICS)
    zeros = torch.zeros(2, net.embedding_size)
    hidden, _, _ = net.recall(readings, zeros, zeros)

    ends = slice(TICK_FRAMES - 1, None, TICK_FRAMES)
    expected = torch.log_softmax(net.genre(hidden) / net.temperature, 2)
    torch.testing.assert_close(log_probs[:, ends], expected, atol=2e-3, rtol=0)
    torch.testing.assert_close(embedding[:, ends], torch.nn.functional.normalize(hidden, dim=2), atol=2e-3, rtol=0)


@torch.inference_mode()
def test_between_ticks_the_last_answer_stands(net: GenreNet) -> None:
    (log_probs, music, _, embedding, heard_s), _ = run(net, audio(1), [FRAMES])
    for said in (log_probs, music.unsqueeze(2), embedding, heard_s.unsqueeze(2)):
        changes = (said.diff(dim=1) != 0).any(2)[0].nonzero().flatten() + 2
        assert changes.tolist() == [TICK_FRAMES, 2 * TICK_FRAMES, 3 * TICK_FRAMES]


@torch.inference_mode()
def test_a_network_that_has_heard_nothing_says_nothing(net: GenreNet) -> None:
    state = net.init_state(2)
    assert state.shape == (2, net.state_size) and not bool(state.any())
    (log_probs, music, _, embedding, heard_s), _ = run(net, audio(2, TICK_FRAMES - 1), [TICK_FRAMES - 1])
    torch.testing.assert_close(log_probs, torch.full_like(log_probs, -math.log(net.num_labels)))
    assert not any(bool(said.any()) for said in (music, embedding, heard_s))


@torch.inference_mode()
def test_outputs_are_probabilities_levels_and_directions(net: GenreNet) -> None:
    x = torch.randn(3, FRAME_SAMPLES + HOP_SAMPLES * (TICK_FRAMES - 1), generator=torch.Generator().manual_seed(0))
    x = x / x.square().mean(1, keepdim=True).sqrt() * 0.1
    (log_probs, music, level, embedding, heard_s), _ = run(net, x, [TICK_FRAMES])
    assert log_probs.shape == (3, TICK_FRAMES, net.num_labels)
    assert embedding.shape == (3, TICK_FRAMES, net.embedding_size)
    torch.testing.assert_close(embedding[:, -1].norm(dim=1), torch.ones(3))
    torch.testing.assert_close(log_probs.exp().sum(2), torch.ones(3, TICK_FRAMES))
    assert bool(torch.isfinite(music).all())
    torch.testing.assert_close(level, torch.full_like(level, -20.0), atol=0.5, rtol=0)
    torch.testing.assert_close(heard_s[:, -1], torch.full((3,), TICK_FRAMES * HOP_S))


@torch.inference_mode()
def test_levels_are_those_of_the_frames(net: GenreNet) -> None:
    (_, _, level, _, _), _ = run(net, torch.full((1, FRAME_SAMPLES), 0.1), [1])
    assert float(level) == pytest.approx(-20.0, abs=1e-3)
    (_, _, level, _, _), _ = run(net, torch.zeros(1, FRAME_SAMPLES), [1])
    assert float(level) == pytest.approx(-120.0, abs=1e-3)


@torch.inference_mode()
def test_the_state_passed_in_is_not_changed(net: GenreNet) -> None:
    _, state = net(audio(2, 10), net.init_state(2))
    copy = state.clone()
    net(audio(2, 3, seed=1), state)
    assert torch.equal(state, copy)


@torch.inference_mode()
def test_frames_not_yet_heard_change_nothing(net: GenreNet) -> None:
    x = audio(1)
    longer = torch.cat((x, torch.randn(1, 12 * HOP_SAMPLES)), 1)
    assert_same(tuple(value[:, :FRAMES] for value in run(net, longer, [FRAMES + 12])[0]), run(net, x, [FRAMES])[0])


@torch.inference_mode()
def test_bands_give_what_audio_gives(net: GenreNet) -> None:
    x = audio(2)
    served, _ = run(net, x, [1] * FRAMES)
    log_probs, music, embedding, heard_s, _ = net.tag(*net.bands(x), net.init_state(2))
    assert_same((log_probs, music, embedding, heard_s), (*served[:2], *served[3:]), 1e-3)


@pytest.mark.parametrize("gain_db", [-60, -30, 20])
@torch.inference_mode()
def test_volume_does_not_matter(net: GenreNet, gain_db: float) -> None:
    x = audio(2) * 0.1
    as_it_is, louder = (run(net, x * gain, [FRAMES])[0] for gain in (1.0, 10 ** (gain_db / 20)))
    torch.testing.assert_close(louder[0], as_it_is[0], atol=1e-2, rtol=0)
    torch.testing.assert_close(louder[1], as_it_is[1], atol=1e-2, rtol=0)
    torch.testing.assert_close(louder[3], as_it_is[3], atol=1e-2, rtol=0)


@torch.inference_mode()
def test_after_a_change_the_last_four_ticks_are_all_there_is(net: GenreNet) -> None:
    mel_db, chroma_db = bands_of(2, 10)
    net.drift.fill_(0.0)
    net.limit.fill_(ALWAYS)
    log_probs, _, _, heard_s, _ = net.tag(mel_db, chroma_db, net.init_state(2))
    # 33 frames must be older than the last four ticks less one: the seventh tick is the first that can be a change.
    ticks = [1, 2, 3, 4, 5, 6, 4, 5, 6, 4]
    ends = slice(TICK_FRAMES - 1, None, TICK_FRAMES)
    torch.testing.assert_close(heard_s[:, ends], torch.tensor([ticks, ticks]) * TICK_FRAMES * HOP_S)

    sums = net.tick_sums(mel_db, chroma_db)
    passage = net.read(sums[:, 3:7].sum(1), torch.full((2, 1), 4.0 * TICK_FRAMES))
    zeros = torch.zeros(2, net.embedding_size)
    hidden, _, _ = net.recall(passage.unsqueeze(1), zeros, zeros)
    expected = torch.log_softmax(net.genre(hidden[:, 0]) / net.temperature, 1)
    torch.testing.assert_close(log_probs[:, 7 * TICK_FRAMES - 1], expected, atol=1e-3, rtol=0)


@torch.inference_mode()
def test_a_change_in_one_stream_is_none_in_another(net: GenreNet) -> None:
    state = net.init_state(4)
    against = sum(net.sizes[:3]) + 2 * net.embedding_size
    state[:2, against] = 1e6
    net.limit.fill_(1e5)
    heard_s = net.tag(*bands_of(4, 7), state)[3][:, -1] / HOP_S / TICK_FRAMES
    torch.testing.assert_close(heard_s, torch.tensor([4.0, 4.0, 7.0, 7.0]))


def test_what_speaks_for_a_change_is_how_much_likelier_another_label_is(net: GenreNet) -> None:
    """In nats, under the last passage alone, less the drift: nothing but the drift where both say the same."""
    net.drift.fill_(0.5)
    net.temperature.fill_(2.0)
    on, alone = torch.zeros(2, net.num_labels), torch.zeros(2, net.num_labels)
    on[:, 1] = 9.0
    alone[0, 1] = 3.0
    alone[1, 4] = 3.0
    torch.testing.assert_close(net.against(torch.cat((on, alone))), torch.tensor([[-0.5], [3.0 / 2.0 - 0.5]]))


@pytest.mark.parametrize("hours", [0.2, pytest.param(3.0, marks=pytest.mark.slow)])
@torch.inference_mode()
def test_hours_leave_nothing_behind(net: GenreNet, hours: float) -> None:
    """A stream says what one says that heard the last 5 minutes alone, and forgets as fast as after the first."""
    generator = torch.Generator().manual_seed(0)
    pool = torch.randn(100, TICK_FRAMES, NUM_MELS + NUM_CHROMA, generator=generator) * 8.0 - 40.0
    long, last = (round(seconds / (TICK_FRAMES * HOP_S)) for seconds in (hours * 3_600 - 300, 300))
    order = torch.randint(100, (long + last,), generator=generator).tolist()
    tick = torch.jit.script(net)._tick
    _, _, said, carried = net.init_state(1).split_with_sizes(net.sizes, 1)
    for i in order[:long]:
        said, carried = tick(pool[i : i + 1] + 10.0, said, carried)
    assert bool(torch.isfinite(carried).all())
    num_older = carried.split_with_sizes(net.carried_sizes, 1)[4]
    assert float(num_older) == pytest.approx(MEMORY_FRAMES, rel=1e-5)
    assert float(said[0, -1]) == long * TICK_FRAMES

    said, carried = (torch.cat((part, torch.zeros_like(part))) for part in (said, carried))
    for i in order[long:]:
        said, carried = tick(pool[i : i + 1].repeat(2, 1, 1), said, carried)
    torch.testing.assert_close(said[0, :-1], said[1, :-1], atol=5e-3, rtol=0)


@torch.inference_mode()
def test_a_merged_network_has_the_mean_logits_of_its_members(net: GenreNet, bands: Bands) -> None:
    members = [net]
    for seed in (1, 2):
        torch.manual_seed(seed)
        member = GenreNet(bands, net.num_labels, hidden=8 * seed)
        member.measurements.load_state_dict(net.measurements.state_dict())
        member.limit.copy_(net.limit)
        member.mean.copy_(net.mean)
        member.scale.copy_(net.scale)
        members.append(member.eval())
    for member in members:
        member.norm.running_mean.normal_()
        member.norm.running_var.uniform_(0.5, 2.0)
    merged = merge(members)
    assert merged.embedding_size == sum(member.embedding_size for member in members)

    mel_db, chroma_db = bands_of(2, 5)
    said = [member.tag(mel_db, chroma_db, member.init_state(2)) for member in (merged, *members)]
    # Log-probabilities are logits less a constant, which the softmax takes out again.
    expected = torch.log_softmax(torch.stack([each[0] for each in said[1:]]).mean(0), 2)
    torch.testing.assert_close(said[0][0], expected, atol=1e-4, rtol=0)
    torch.testing.assert_close(said[0][1], said[1][1], msg="music is the first member's")


@torch.inference_mode()
def test_temperature_flattens_the_probabilities_alone(net: GenreNet) -> None:
    mel_db, chroma_db = bands_of(1, 2)
    cold, _, embedding, _, _ = net.tag(mel_db, chroma_db, net.init_state(1))
    net.temperature.fill_(2.0)
    warm, _, same, _, _ = net.tag(mel_db, chroma_db, net.init_state(1))
    torch.testing.assert_close(warm, torch.log_softmax(cold / 2.0, 2))
    assert torch.equal(embedding, same)
