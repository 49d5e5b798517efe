import json
import math
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from rich.console import Console
from torch import Tensor
from torch.nn.functional import normalize, pad

from models.separator import Separator
from training.facefilter import mixtures
from training.facefilter.mixtures import Material, Mixture
from training.facefilter.parallel import ParallelSeparator, Separated
from training.facefilter.separation import (
    CHECKPOINT,
    LOG,
    MixtureStream,
    SeparationOptions,
    learning_rate,
    losses,
    make_optimisers,
    total,
    train_separator,
)

HOPS, SIZE = 100, 128
SURE = 20.0
OPTIONS = SeparationOptions(steps=2, mixtures=2, every=1, width=16, hidden=16, num_blocks=2)


def tones(*hz: float) -> Tensor:
    """Returns ``[len(hz), 16000]``."""
    time_s = torch.arange(160 * HOPS) / 16_000
    return 0.1 * torch.sin(2 * torch.pi * torch.tensor(hz)[:, None] * time_s)


def two_talkers() -> Mixture:
    """Returns a batch of one mixture, the first talker twice as loud, with each of them as a target."""
    talkers = tones(500.0, 900.0) * torch.tensor([[2.0], [1.0]])
    voices = torch.eye(SIZE)[None, :2]
    return Mixture(talkers.sum(0)[None], talkers[None], talkers.flip(0)[None], torch.zeros(1, 2, 258), voices)


def silent_targets() -> Mixture:
    talker = tones(500.0)
    nothing = torch.zeros(1, 2, talker.shape[1])
    return Mixture(talker, nothing, talker[None].repeat(1, 2, 1), torch.zeros(1, 2, 258), torch.zeros(1, 2, SIZE))


def said(wet: Tensor, sure: float = 0.0, voice: Tensor | None = None) -> Separated:
    """Returns ``wet [1, 2, T]``, made late, with beliefs that are all alike."""
    belief = torch.full((1, 2, HOPS), sure)
    voice = torch.eye(SIZE)[0] if voice is None else voice
    return Separated(pad(wet, (160, 0))[..., :-160], belief, belief, belief, voice.expand(1, HOPS, SIZE))


@pytest.mark.parametrize(("noise_db", "expected"), [(-math.inf, -30.0), (-10.0, -9.957), (0.0, 0.0)])
def test_separation_is_the_negative_signal_to_noise_ratio_bounded_at_30_db(noise_db: float, expected: float) -> None:
    batch = two_talkers()
    error = 10 ** (noise_db / 20) * tones(2_000.0) * torch.tensor([[[2.0], [1.0]]])
    assert float(losses(said(batch.references + error), batch)["separation"]) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(("kept", "expected"), [(1.0, 0.0), (0.1, -9.8), (0.0, -15.0)])
def test_for_a_silent_target_it_is_half_the_level_of_what_is_left(kept: float, expected: float) -> None:
    batch = silent_targets()
    assert float(losses(said(kept * batch.others), batch)["separation"]) == pytest.approx(expected, abs=0.05)


def test_beliefs_are_taught_what_is_the_case() -> None:
    batch = two_talkers()
    for sure in (SURE, -SURE):
        parts = losses(said(batch.references, sure), batch)
        # Both speak all the time, and only one of two can be the louder.
        assert float(parts["present"]) == pytest.approx(max(0.0, -sure), abs=1e-3)
        assert float(parts["loudest"]) == pytest.approx(SURE / 2, abs=1e-3)
        assert float(parts["confidence"]) == pytest.approx(max(0.0, -sure), abs=1e-3)


def test_who_keeps_the_other_talker_should_not_be_confident() -> None:
    batch = two_talkers()
    assert float(losses(said(batch.others, SURE), batch)["confidence"]) == pytest.approx(SURE, abs=1e-3)
    assert float(losses(said(batch.others, -SURE), batch)["confidence"]) == pytest.approx(0.0, abs=1e-3)


def test_a_target_that_pauses_is_not_present() -> None:
    batch = two_talkers()
    batch.references[..., : 40 * 160] = 0.0
    assert float(losses(said(batch.references, SURE), batch)["present"]) == pytest.approx(0.4 * SURE, abs=1e-3)


def test_where_there_is_no_other_talker_confidence_is_no_question() -> None:
    batch = two_talkers()._replace(others=torch.zeros(1, 2, 160 * HOPS))
    assert float(losses(said(batch.references, -SURE), batch)["confidence"]) == 0.0


def test_the_voice_that_is_heard_should_be_the_loudest_one() -> None:
    batch = two_talkers()
    louder, softer = torch.eye(SIZE)[:2]
    for voice, expected in ((louder, 0.0), (softer, 1.0), (-louder, 2.0), (normalize(louder + softer, dim=0), 0.293)):
        apart = losses(said(batch.references, voice=voice), batch)["voice"]
        assert float(apart) == pytest.approx(expected, abs=1e-3)


def test_voices_that_nobody_knows_teach_nothing() -> None:
    batch = two_talkers()._replace(voices=torch.zeros(1, 2, SIZE))
    assert float(losses(said(batch.references), batch)["voice"]) == 0.0


def test_silence_gives_numbers_and_gradients() -> None:
    nothing = torch.zeros(1, 2, 160 * HOPS)
    batch = Mixture(nothing[:, 0], nothing, nothing, torch.zeros(1, 2, 258), torch.zeros(1, 2, SIZE))
    wet = nothing.clone().requires_grad_()
    loss = total(losses(said(wet), batch))
    loss.backward()
    assert math.isfinite(loss.item()) and wet.grad is not None and bool(torch.isfinite(wet.grad).all())


def test_the_learning_rate_rises_stays_and_falls_to_nothing() -> None:
    options = SeparationOptions(steps=1_000, learning_rate=2.0)
    rates = [learning_rate(options, step) for step in range(1_000)]
    assert rates[0] == pytest.approx(0.02)
    assert rates[99:400] == [2.0] * 301
    assert all(later <= sooner for sooner, later in pairwise(rates[99:]))
    assert 0 < rates[-1] < 0.01


def test_every_weight_is_in_the_hands_of_one_optimiser() -> None:
    net = Separator(16, 16, 2)
    muon, adam = make_optimisers(net, OPTIONS)
    held = [[value for group in optimiser.param_groups for value in group["params"]] for optimiser in (muon, adam)]
    assert sorted(map(id, held[0] + held[1])) == sorted(map(id, net.parameters()))
    assert all(value.ndim == 2 for value in held[0]) and any(value is net.mask.weight for value in held[1])


def test_a_few_steps_bring_the_loss_down() -> None:
    torch.manual_seed(0)
    net, batch = Separator(16, 16, 2), two_talkers()
    model, optimisers = ParallelSeparator(net, compiled=False), make_optimisers(net, OPTIONS)
    seen = []
    for _ in range(12):
        loss = total(losses(model(batch.audio, batch.targets), batch))
        model.zero_grad()
        loss.backward()
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = 3e-3
            optimiser.step()
        seen.append(loss.item())
    assert seen[-1] < seen[0] - 0.5


def test_a_stream_of_mixtures_is_decided_by_its_seed(material: Material) -> None:
    one, other, third = (next(iter(MixtureStream(material, "train", seed))) for seed in (1, 1, 2))
    assert (one.audio == other.audio).all() and not (one.audio == third.audio).all()


def test_a_run_that_was_cut_goes_on_from_its_checkpoint(
    material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mixtures, "SEGMENT_S", 1.0)
    told = Console(file=StringIO())

    def train(steps: int) -> tuple[dict[str, Tensor], dict[str, object], list[dict[str, object]]]:
        options = SeparationOptions(steps=steps, mixtures=2, every=1, width=16, hidden=16, num_blocks=2)
        net = train_separator(material, tmp_path, options, told, compiled=False)
        kept = torch.load(tmp_path / CHECKPOINT, weights_only=True)
        return dict(net.state_dict()), kept, [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]

    first, kept, lines = train(2)
    assert (kept["step"], [line["step"] for line in lines]) == (2, [1, 2])
    assert all(torch.equal(first[name], kept["net"][name]) for name in first)

    further, kept, lines = train(5)
    assert (kept["step"], [line["step"] for line in lines]) == (5, [1, 2, 3, 4, 5])
    assert [line["seconds"] for line in lines] == sorted(line["seconds"] for line in lines)
    assert not torch.equal(further["mask.weight"], first["mask.weight"])
    assert all(math.isfinite(line["separation"]) for line in lines)
    assert set(lines[4]["valid"]) == set(losses(said(two_talkers().references), two_talkers()))
    assert "going on from step 2" in told.file.getvalue()
    counts = {int(state["step"]) for state in kept["optimisers"][1]["state"].values()}
    assert counts == {5}, "the optimiser goes on too"
