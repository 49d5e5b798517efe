import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.export import ARTIFACTS, largest_difference
from models.separator import MASK_LIMIT, Separator
from tests.models.small_separator import HOP, embeddings, identity, noise, run, small_separator, targeted

HOPS = 18
LATENCY = 160
ALGORITHMIC_LATENCY = 320
"""Samples, 20 ms: the hop that is waited for and what the step holds back."""

PRESENT, SUPPRESSED_DB, LOCKED, CONFIDENCE = range(4)
HOPS_PER_S = 100


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture
def net() -> Separator:
    return small_separator()


@pytest.fixture(scope="module")
def scripted() -> torch.nn.Module:
    return torch.jit.script(small_separator())


def believing(net: Separator, sure: float = 0.99) -> None:
    """Makes ``net`` say of every frame that it hears the voice of ``embeddings(1)``, that sure of it; half a second is
    enough to lock on it.
    """
    net.lock.after_frames.fill_(0.5 * HOPS_PER_S)
    net.belief.weight.zero_()
    net.belief.bias.fill_(math.log(sure / (1 - sure)))
    net.identity.weight.zero_()
    net.identity.bias.copy_(embeddings(1)[0])


def assert_same(one: tuple[Tensor, ...], other: tuple[Tensor, ...], tolerance: float = 1e-4) -> None:
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, atol=tolerance, rtol=tolerance)


def test_the_state_of_a_session_is_within_16_kib() -> None:
    state = Separator().init_state(3)
    assert state.dtype == torch.float32 and state[0].nbytes <= 16 * 1024
    assert not bool(state.any())


def test_any_chunking_gives_the_offline_numbers(net: Separator) -> None:
    x, begun = noise(1, HOPS), targeted(net, 1)
    (expected_wet, expected_report), expected_state = net(x, begun)
    assert float(expected_report.std(1).max()) > 1e-3, "outputs that do not move would agree by accident"

    @settings(max_examples=6, deadline=None)
    @given(st.lists(st.integers(1, 7), min_size=HOPS, max_size=HOPS))
    def check(lengths: list[int]) -> None:
        ends = [min(sum(lengths[: i + 1]), HOPS) for i in range(HOPS)]
        state, wets, reports, start = begun, [], [], 0
        for end in sorted(set(ends)):
            (wet, report), state = net(x[:, start * HOP : end * HOP], state)
            wets.append(wet)
            reports.append(report)
            start = end
        assert_same((torch.cat(wets, 1), torch.cat(reports, 1), state), (expected_wet, expected_report, expected_state))

    check()


def test_steps_give_the_offline_numbers(net: Separator) -> None:
    x, begun = noise(3, HOPS), targeted(net, 3)
    (wet, report), state = net(x, begun)
    stepped_wet, _, stepped_report, stepped_state = run(net, x, begun)
    assert_same((stepped_wet, stepped_report, stepped_state), (wet, report, state))


def test_scripted_equals_eager_over_carried_states(net: Separator, scripted: torch.nn.Module) -> None:
    assert largest_difference(net, scripted, HOP, HOP, rounds=20) < 1e-4
    x = noise(4, HOPS)
    assert_same(run(scripted, x, targeted(scripted, 4)), run(net, x, targeted(net, 4)))


def test_streams_do_not_touch_one_another(net: Separator) -> None:
    """They began at different times, and were told of different targets."""
    states = []
    for row, hops in enumerate((0, 1, 5, 13)):
        told = targeted(net, 4, seed=3)[row : row + 1]
        states.append(run(net, noise(1, hops, seed=row), told)[3] if hops else told)
    x = noise(4, HOPS, seed=9)
    together = run(net, x, torch.cat(states))
    for row, state in enumerate(states):
        assert_same(run(net, x[row : row + 1], state), tuple(value[row : row + 1] for value in together))


def test_the_state_passed_in_is_not_changed(net: Separator) -> None:
    *_, state = run(net, noise(2, 5), targeted(net, 2))
    copy = state.clone()
    run(net, noise(2, 1, seed=1), state)
    net.with_target(state, embeddings(2), embeddings(2), torch.ones(2, 2))
    assert torch.equal(state, copy)


@pytest.mark.parametrize("at", [8 * HOP, 8 * HOP + 77, 9 * HOP - 1])
def test_what_comes_later_than_the_latency_changes_no_sample(net: Separator, at: int) -> None:
    x, begun = noise(1, HOPS), targeted(net, 1)
    other = x.clone()
    other[:, at] += 0.5
    wet, dry, report, _ = run(net, x, begun)
    other_wet, other_dry, other_report, _ = run(net, other, begun)
    hop = at // HOP
    assert torch.equal(wet[:, : hop * HOP], other_wet[:, : hop * HOP])
    assert torch.equal(report[:, :hop], other_report[:, :hop])
    # As the listener counts: the sample of the input that an output sample stands for.
    changed = (wet != other_wet)[0].nonzero()[0].item() - LATENCY
    assert at - ALGORITHMIC_LATENCY < changed <= at - LATENCY + 2
    assert (dry != other_dry)[0].nonzero().tolist() == [[at + LATENCY]]


def test_the_dry_output_is_the_input_and_the_wet_one_as_late(net: Separator) -> None:
    x = noise(2, HOPS)
    wet, dry, _, _ = run(identity(net), x, targeted(net, 2))
    assert torch.equal(dry[:, LATENCY:], x[:, :-LATENCY]) and not bool(dry[:, :LATENCY].any())
    torch.testing.assert_close(wet, dry, atol=1e-5, rtol=0)


def test_a_mask_is_bounded_and_turns_as_well_as_it_weakens(net: Separator) -> None:
    spectra = torch.fft.rfft(noise(1, 4)[:, :512])
    raw = torch.zeros(1, 2 * net.num_bins)
    raw[:, net.num_bins :] = 100.0
    torch.testing.assert_close(net.masked(spectra, raw), MASK_LIMIT * 1j * spectra)
    raw = torch.full((1, 2 * net.num_bins), -100.0)
    torch.testing.assert_close(net.masked(spectra, raw), MASK_LIMIT * (-1 - 1j) * spectra)


@pytest.mark.parametrize(("gain_db", "tolerance"), [(20.0, 1e-3), (-20.0, 1e-3), (-40.0, 2e-2)])
def test_a_louder_input_is_a_louder_output_and_nothing_else(net: Separator, gain_db: float, tolerance: float) -> None:
    x, gain = noise(2, HOPS), 10 ** (gain_db / 20)
    wet, _, report, _ = run(net, x, targeted(net, 2))
    louder, _, same_report, _ = run(net, gain * x, targeted(net, 2))
    assert float((louder / gain - wet).square().sum() / wet.square().sum()) < tolerance**2
    torch.testing.assert_close(same_report, report, atol=10 * tolerance, rtol=0)


def test_another_target_keeps_what_was_heard_and_forgets_the_lock(net: Separator) -> None:
    *_, state = run(net, noise(2, HOPS), targeted(net, 2))
    before, lock, after = sum(net.sizes[:5]), net.lock.memory_size, 2
    state[:, before : before + lock] = 1.0
    face, voice = embeddings(2, seed=7), embeddings(2, seed=8)
    told = net.with_target(state, face, voice, torch.tensor([[1.0, 1.0], [1.0, 0.0]]))
    heard = slice(net.sizes[0], before)
    assert torch.equal(told[:, heard], state[:, heard]) and torch.equal(told[:, -after:], state[:, -after:])
    assert not bool(told[:, before : before + lock].any())
    assert torch.equal(told[0, : net.sizes[0]], torch.cat((face[0], voice[0], torch.ones(2))))
    assert torch.equal(told[1, : net.sizes[0]], torch.cat((face[1], torch.zeros(128), torch.tensor([1.0, 0.0]))))


def test_another_target_of_one_stream_is_none_of_the_others(net: Separator) -> None:
    x, begun = noise(3, 2 * HOPS), targeted(net, 3)
    kept, _, _, _ = run(net, x, begun)
    _, _, _, state = run(net, x[:, : HOPS * HOP], begun)
    state = torch.cat((state[:1], net.with_target(state[1:2], *targets(5)), state[2:]))
    swapped, _, _, _ = run(net, x[:, HOPS * HOP :], state)
    torch.testing.assert_close(swapped[::2], kept[::2, HOPS * HOP :], atol=1e-5, rtol=0)
    assert float((swapped[1] - kept[1, HOPS * HOP :]).abs().max()) > 1e-2


def test_what_is_not_given_of_a_target_does_not_matter(net: Separator) -> None:
    x, has = noise(1, HOPS), torch.tensor([[1.0, 0.0]])
    said = [
        run(net, x, net.with_target(net.init_state(1), embeddings(1), embeddings(1, seed=seed), has)) for seed in (1, 2)
    ]
    assert_same(said[0], said[1], 0.0)


def test_whose_voice_is_the_loudest_is_heard_without_a_target(net: Separator) -> None:
    heard: list[Tensor] = []
    net.identity.register_forward_hook(lambda module, arguments, y: heard.append(y))
    x = noise(1, 3).repeat(2, 1)
    run(net, x, targeted(net, 2))
    assert len(heard) == 3
    for y in heard:
        torch.testing.assert_close(y[0], y[1], atol=1e-5, rtol=0)
    assert torch.equal(net.agree(embeddings(1), torch.zeros(1, 258)), net.agreement.bias[None])


def test_another_target_in_mid_stream_does_not_click(net: Separator) -> None:
    """What it changes begins at nothing, and rises no faster than a tone of 200 Hz behind the overlap-add's window."""
    x = 0.3 * torch.sin(torch.arange(2 * HOPS * HOP) * (2 * torch.pi * 200 / 16_000))[None]
    *_, state = run(net, x[:, : HOPS * HOP], targeted(net, 1))
    kept, swapped = (run(net, x[:, HOPS * HOP :], told)[0][0] for told in (state, net.with_target(state, *targets(5))))
    change = swapped - kept
    largest = float(change[: 2 * HOP].abs().max())
    assert largest > 1e-2, "a target that changes nothing cannot click"
    assert float(change[0].abs()) < 1e-3 * largest
    steepest = 2 * torch.pi * 200 / 16_000 + torch.pi / ALGORITHMIC_LATENCY
    assert float(change[:HOP].diff().abs().max()) < 1.5 * steepest * largest


def targets(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Returns the face and the voice of one target, both given."""
    return embeddings(1, seed), embeddings(1, seed + 1), torch.ones(1, 2)


def disturbances() -> dict[str, Tensor]:
    clean = noise(1, HOPS, seed=4)
    return {
        "silence": torch.zeros_like(clean),
        "clipping": (100.0 * clean).clamp(-1.0, 1.0),
        "offset": clean + 0.5,
        "offset alone": torch.full_like(clean, 0.9),
        "far too loud": 1e4 * clean,
        "far too soft": 1e-30 * clean,
    }


@pytest.mark.parametrize("name", disturbances())
def test_disturbances_leave_everything_finite(net: Separator, name: str) -> None:
    disturbed = disturbances()[name]
    wet, _, report, state = run(net, torch.cat((noise(1, 3), disturbed, noise(1, 3)), 1), targeted(net, 1))
    assert all(bool(torch.isfinite(value).all()) for value in (wet, report, state))
    # Twice the limit: the mask's real and imaginary part, and the overlap of two frames.
    assert float(wet.abs().max()) <= 10 * max(1.0, float(disturbed.abs().max()))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_heard_as_silence(net: Separator, value: float) -> None:
    broken, silent = noise(2, 40), noise(2, 40)
    broken[1, 10 * HOP : 12 * HOP] = value
    silent[1, 10 * HOP : 12 * HOP] = 0.0
    assert_same(run(net, broken, targeted(net, 2)), run(net, silent, targeted(net, 2)))


def test_silence_from_the_start_is_silence(net: Separator) -> None:
    wet, dry, report, _ = run(net, torch.zeros(1, HOPS * HOP), targeted(net, 1))
    assert not bool(wet.any()) and not bool(dry.any())
    assert not bool(report[..., SUPPRESSED_DB].any())


def test_reports_are_probabilities_and_decibels(net: Separator) -> None:
    _, _, report, _ = run(net, noise(4, HOPS), targeted(net, 4))
    for column in (PRESENT, CONFIDENCE):
        assert bool(((report[..., column] > 0) & (report[..., column] < 1)).all())
    assert bool((report[..., SUPPRESSED_DB] >= 0).all())
    assert not bool(report[..., LOCKED].any())


@pytest.mark.parametrize("kept", [0.5, 0.1])
def test_what_is_suppressed_is_told_in_decibels(net: Separator, kept: float) -> None:
    identity(net).mask.bias[: net.num_bins] = math.atanh(kept / MASK_LIMIT)
    _, _, report, _ = run(net, noise(1, 2 * HOPS), net.init_state(1))
    assert float(report[0, -1, SUPPRESSED_DB]) == pytest.approx(-20 * math.log10(kept), abs=0.2)


def test_what_is_made_louder_is_not_suppressed(net: Separator) -> None:
    identity(net).mask.bias[: net.num_bins] = math.atanh(1.4 / MASK_LIMIT)
    _, _, report, _ = run(net, noise(1, HOPS), net.init_state(1))
    assert not bool(report[..., SUPPRESSED_DB].any())


def only_face(net: Separator) -> Tensor:
    return net.with_target(net.init_state(1), embeddings(1), embeddings(1, 1), torch.tensor([[1.0, 0.0]]))


def test_a_face_is_locked_on_once_the_separator_was_sure_for_long_enough(net: Separator) -> None:
    believing(net)
    _, _, report, state = run(net, noise(1, HOPS_PER_S), only_face(net))
    began = int(report[0, :, LOCKED].argmax())
    assert 0.45 * HOPS_PER_S < began < 0.6 * HOPS_PER_S and bool(report[0, began:, LOCKED].all())
    assert not bool(run(net, noise(1, 1), only_face(net))[2][..., LOCKED].any())
    _, _, report, _ = run(net, noise(1, 1), net.with_target(state, *targets(5)))
    assert not bool(report[..., LOCKED].any())


def test_what_is_locked_on_is_heard_from_then_on_as_a_voice_sample_would_be(net: Separator) -> None:
    believing(net)
    voice = embeddings(1)
    *_, locked = run(net, noise(1, HOPS_PER_S), only_face(net))
    *_, free = run(net, noise(1, HOPS_PER_S), only_face(net), lock_on=0.0)
    x = noise(1, HOPS, seed=3)
    as_locked, _, _, _ = run(net, x, locked)
    as_told, _, _, _ = run(net, x, net.with_target(locked, embeddings(1), voice, torch.ones(1, 2)))
    torch.testing.assert_close(as_locked, as_told, atol=1e-5, rtol=0)
    assert float((as_locked - run(net, x, free, lock_on=0.0)[0]).abs().max()) > 1e-3


@pytest.mark.parametrize(
    ("lock_on", "has"), [(0.0, (1.0, 0.0)), (1.0, (1.0, 1.0)), (1.0, (0.0, 1.0)), (1.0, (0.0, 0.0))]
)
def test_only_a_face_alone_is_locked_on_and_only_where_that_is_wanted(
    net: Separator, lock_on: float, has: tuple[float, float]
) -> None:
    believing(net)
    told = net.with_target(net.init_state(1), embeddings(1), embeddings(1, 1), torch.tensor([has]))
    _, _, report, _ = run(net, noise(1, HOPS_PER_S), told, lock_on)
    assert not bool(report[..., LOCKED].any())


# What ships. How well it separates is for the trials to say: here is what must hold of any weights that ship.


@pytest.fixture(scope="module")
def shipped() -> torch.nn.Module:
    return torch.jit.load(ARTIFACTS / "facefilter.ts").eval()


def hum(seconds: float, hz: float = 140.0) -> Tensor:
    """Returns harmonics that swell four times a second, and some noise, ``[1, 16000 seconds]``."""
    time_s = torch.arange(round(seconds * 16_000)) / 16_000
    tones = sum(torch.sin(2 * torch.pi * hz * k * time_s + k * k) / k for k in range(1, 20))
    swell = 0.55 - 0.45 * torch.cos(2 * torch.pi * 4 * time_s)
    return (0.1 * tones * swell)[None] + 0.003 * noise(1, round(seconds * HOPS_PER_S))


def test_what_ships_fits_into_a_session(shipped: torch.nn.Module) -> None:
    assert shipped.init_state(1).nbytes <= 16 * 1024


def test_what_ships_gives_an_output_in_proportion(shipped: torch.nn.Module) -> None:
    x = hum(1.0)
    wet, softer = (run(shipped, gain * x, shipped.init_state(1))[0] for gain in (1.0, 0.05))
    assert float((softer / 0.05 - wet).square().sum() / wet.square().sum()) < 1e-3


def level_db(x: Tensor) -> Tensor:
    """Returns the level of each row in dB, with -90 for silence."""
    return 10 * torch.log10(x.square().mean(1) + 1e-9)


def test_what_ships_recovers_within_a_second(shipped: torch.nn.Module) -> None:
    before, after = hum(0.5), hum(2.0)
    between = torch.cat((before[:, : HOPS * HOP], *disturbances().values()))
    rows = len(between)
    x = torch.cat((before.repeat(rows, 1), between, after.repeat(rows, 1)), 1)
    wet, _, report, state = run(shipped, x, shipped.init_state(rows))
    assert all(bool(torch.isfinite(value).all()) for value in (wet, report, state))
    levels = level_db(wet[:, -HOPS_PER_S * HOP :])
    off_db = dict(zip(disturbances(), (levels[1:] - levels[0]).tolist(), strict=True))
    assert max(abs(off) for off in off_db.values()) < 3.0, off_db


def test_what_ships_follows_a_jump_of_level_within_a_second(shipped: torch.nn.Module) -> None:
    x, gains = 0.3 * hum(3.0), torch.tensor([[1.0], [10.0], [0.1]])
    jumped = torch.cat((x[:, : HOPS_PER_S * HOP].repeat(3, 1), gains * x[:, HOPS_PER_S * HOP :]), 1)
    wet, _, _, _ = run(shipped, jumped, shipped.init_state(3))
    levels = level_db(wet[:, -HOPS_PER_S * HOP :] / gains)
    torch.testing.assert_close(levels[1:], levels[:1].repeat(2), atol=3.0, rtol=0)
