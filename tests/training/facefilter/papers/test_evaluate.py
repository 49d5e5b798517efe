import fast_bss_eval
import pytest
import torch

from models.baselines.facefilter.network import FaceFilter
from models.baselines.facefilter.spectrum import stft
from training.facefilter.papers.evaluate import GROUPS, evaluate
from training.facefilter.papers.judge import Judged, sdr, with_griffin_lim, with_phase_of_mixture
from training.facefilter.papers.mixing import Mixtures, draw_trial
from training.facefilter.papers.rows import ROWS
from training.facefilter.papers.talkers import Talkers

BY_HOW = pytest.mark.parametrize("judge", [with_phase_of_mixture, with_griffin_lim])


@pytest.fixture(scope="module")
def trial(train: Talkers) -> Mixtures:
    return draw_trial(train, 1, 0)


def voices(trial: Mixtures, number: int) -> torch.Tensor:
    return stft(trial.voices[:, number]).abs()


def means(judged: Judged) -> tuple[float, float, float]:
    return tuple(float(values.mean()) for values in judged)


@BY_HOW
def test_a_mixture_that_is_returned_gains_nothing(judge, trial: Mixtures) -> None:
    judged = judge(stft(trial.mixture).abs(), trial)
    torch.testing.assert_close(judged.sdri, torch.zeros(4), atol=0.02, rtol=0)
    torch.testing.assert_close(judged.si_sdri, torch.zeros(4), atol=0.02, rtol=0)


@BY_HOW
def test_the_magnitude_of_the_target_gains_and_is_right(judge, trial: Mixtures) -> None:
    sdri, si_sdri, right = means(judge(voices(trial, 0), trial))
    assert sdri > 5 and si_sdri > 5 and right == 1


@BY_HOW
def test_the_magnitude_of_the_other_loses_and_is_wrong(judge, trial: Mixtures) -> None:
    sdri, si_sdri, right = means(judge(voices(trial, 1), trial))
    assert sdri < 0 and si_sdri < -5 and right == 0


def test_how_loud_the_output_is_does_not_matter(trial: Mixtures) -> None:
    loud, quiet = (with_phase_of_mixture(gain * voices(trial, 0), trial) for gain in (1.0, 0.01))
    torch.testing.assert_close(loud.sdri, quiet.sdri, atol=0.01, rtol=0)


def test_sdr_is_that_of_bss_eval(trial: Mixtures) -> None:
    twice = trial.mixture.double()[:, None].expand(-1, 2, -1)
    expected, _, _ = fast_bss_eval.bss_eval_sources(trial.voices.double(), twice, compute_permutation=False)
    torch.testing.assert_close(sdr(trial.mixture, trial.voices[:, 0]), expected[:, 0].float(), atol=0.05, rtol=0)


class ByFace(FaceFilter):
    """Opens the mask below 1.5 kHz for a man's face and above for a woman's."""

    def forward(self, magnitude: torch.Tensor, faces: torch.Tensor) -> torch.Tensor:
        low = (torch.arange(257) < 48).float()
        man = (faces[..., 0] > 0).float()[..., None, None]
        return (man * low + (1 - man) * (1 - low)).expand(-1, -1, magnitude.size(1), -1)


def test_figures_are_of_the_target_and_by_pair(trial: Mixtures, train: Talkers) -> None:
    judged: list[int] = []
    result = evaluate(ROWS["audio_visual"], ByFace(3), trial, train, judged.append)
    assert result["mixtures"] == sum(judged) == 4
    assert set(result["pairs"]) == set(result["griffin_lim"]) == set(GROUPS)
    assert "best_order" not in result
    pairs = result["pairs"]
    assert [pairs[kind]["n"] for kind in ("M-F", "F-M", "opposite", "same", "all")] == [1, 1, 2, 2, 4]
    assert pairs["opposite"]["accuracy"] == 1 and pairs["opposite"]["si_sdri"] > 5
    assert abs(pairs["same"]["si_sdri"]) < 1, "a mask that is open for both changes nothing"
    assert pairs["all"]["sdri"] == pytest.approx((pairs["opposite"]["sdri"] + pairs["same"]["sdri"]) / 2, abs=1e-3)


def test_without_a_face_the_first_output_counts_and_the_better_one_is_told_beside_it(
    trial: Mixtures, train: Talkers
) -> None:
    low = (torch.arange(257) < 48).float()

    class InOrder(torch.nn.Module):
        def forward(self, magnitude: torch.Tensor) -> torch.Tensor:
            return torch.stack((low, 1 - low))[None, :, None].expand(len(magnitude), 2, magnitude.size(1), -1)

    result = evaluate(ROWS["audio_only"], InOrder(), trial, train)
    assert [result["pairs"][kind]["accuracy"] for kind in ("M-F", "F-M")] == [1, 0]
    assert [result["best_order"][kind]["accuracy"] for kind in ("M-F", "F-M")] == [1, 1]
    assert result["best_order"]["F-M"]["si_sdri"] > 5 > result["pairs"]["F-M"]["si_sdri"]
