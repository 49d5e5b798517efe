from pathlib import Path

import numpy as np
import torch

from training.genre.augment import Augmentation
from training.genre.batches import Batches, BatchSettings
from training.genre.corpus import Corpus
from training.genre.fit import FitSettings, fit
from training.genre.recordings import Recordings
from training.genre.score import clip_accuracy, clip_nll, music_shares, tag_clips

SETTINGS = FitSettings(steps=12, look_every=4)


class Cut(Exception):
    """The power went off."""


def new_batches(gtzan: Corpus, recordings: Recordings) -> Batches:
    settings = BatchSettings(music=10, other=5, num_frames=40)
    return Batches(gtzan, np.arange(len(gtzan.ids)), recordings, settings, Augmentation())


def new_net(gtzan: Corpus) -> torch.nn.Module:
    torch.manual_seed(0)
    net = gtzan.new_net(SETTINGS.dropout)
    net.set_standardisation(torch.zeros(13), torch.full((13,), 50.0))
    return net


def test_a_run_that_was_cut_ends_like_one_that_was_not(gtzan: Corpus, recordings: Recordings, tmp_path: Path) -> None:
    batches = new_batches(gtzan, recordings)
    whole = fit(new_net(gtzan), batches, SETTINGS, 7, tmp_path / "whole")

    looks = 0

    def cut(net: torch.nn.Module) -> float:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise Cut
        return 1.0 / looks

    folder = tmp_path / "cut"
    try:
        fit(new_net(gtzan), batches, SETTINGS, 7, folder, cut)
    except Cut:
        pass
    assert torch.load(folder / "checkpoint.pt", weights_only=True)["step"] == 4
    resumed = fit(new_net(gtzan), batches, SETTINGS, 7, folder)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_the_best_weights_are_kept_not_the_last(gtzan: Corpus, recordings: Recordings, tmp_path: Path) -> None:
    scores = iter((0.5, 0.1, 0.9))
    seen: list[torch.Tensor] = []

    def validate(net: torch.nn.Module) -> float:
        seen.append(net.genre.weight.detach().clone())
        return next(scores)

    best = fit(new_net(gtzan), new_batches(gtzan, recordings), SETTINGS, 7, tmp_path, validate)
    assert torch.equal(best.genre.weight, seen[1])


def test_ten_tones_and_noise_are_learned(gtzan: Corpus, recordings: Recordings, tmp_path: Path) -> None:
    clips = np.arange(len(gtzan.ids))
    before = clip_nll(tag_clips(new_net(gtzan).eval(), gtzan, clips), gtzan.labels)
    net = fit(new_net(gtzan), new_batches(gtzan, recordings), FitSettings(steps=60, rate=1e-2), 0, tmp_path)
    tagged = tag_clips(net, gtzan, clips)
    assert clip_nll(tagged, gtzan.labels) < before - 0.5
    assert clip_accuracy(tagged, gtzan.labels) > 0.6
    assert float((tagged.music[:, 11:] > 0.5).mean()) > 0.8
    assert float(music_shares(net, recordings, recordings.select("test", "speech", "ambience")).mean()) < 0.1
