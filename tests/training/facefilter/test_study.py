import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from torch import nn

from models.face_attributes import FaceAttributes
from models.face_detector import FaceDetector
from models.face_encoder import FaceHead
from models.face_finder import FaceFinder
from models.face_landmarks import FaceLandmarks
from models.face_recognition import FaceRecognition
from models.voice_encoder import NUM_MELS, VoiceEncoder
from tests.training.facefilter.miniature import made_up_rooms
from training.facefilter import joint_space, mixtures, study
from training.facefilter.corpus import Recording
from training.facefilter.joint_space import NUM_FOLDS, NUM_HEADS, match_accuracy
from training.facefilter.matching import MatchingOptions, Pairs, embed_faces, fit_face_head, fit_voice_head
from training.facefilter.separation import SeparationOptions
from training.facefilter.study import Study


@dataclass
class Trained:
    """A study whose matching was trained, for a few steps, and what every head of faces was trained on."""

    study: Study
    figures: dict[str, object]
    heads: list[tuple[Pairs, FaceHead]] = field(default_factory=list)
    voice_heads: list[nn.Linear] = field(default_factory=list)

    @property
    def clips(self) -> list[Recording]:
        return [recording for recording in self.study.recordings if recording.face]

    def seen_of(self, clip: Recording) -> np.ndarray:
        """Returns what is seen in a face, standardised as the heads want it."""
        state = torch.load(self.study.folder / joint_space.FACE_HEADS, weights_only=True)
        values = self.study.seen.values[self.study.seen.paths.index(clip.face)]
        return np.clip((values - state["mean"].numpy()) * state["scale"].numpy(), -5, 5)

    def who_trained(self, pairs: Pairs) -> set[str]:
        """Returns the people of ``pairs``."""
        return {
            clip.person
            for clip in self.clips
            if np.isclose(pairs.seen, self.seen_of(clip), atol=1e-4).all(axis=1).any()
        }


def random_voice_encoder(folder: Path) -> VoiceEncoder:
    torch.manual_seed(1)
    encoder = VoiceEncoder(torch.rand(NUM_MELS, 201)).eval()
    encoder.linear.bias.data.fill_(0.3)
    return encoder


def random_face_finder(folder: Path) -> FaceFinder:
    torch.manual_seed(2)
    return FaceFinder(FaceDetector(), FaceLandmarks()).eval()


def random_net(net: type[nn.Module], folder: Path) -> nn.Module:
    torch.manual_seed(3)
    return net().eval()


@pytest.fixture(scope="module")
def trained(miniature: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """The networks have the public ones' shape and random weights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "public_voice_encoder", random_voice_encoder)
        patch.setattr(study, "load_rooms", lambda folder: made_up_rooms())
        patch.setattr(study.public_weights, "face_finder", random_face_finder)
        patch.setattr(study.public_weights, "face_recognition", partial(random_net, FaceRecognition))
        patch.setattr(study.public_weights, "face_attributes", partial(random_net, FaceAttributes))
        told = Console(file=StringIO())
        folder = tmp_path_factory.mktemp("runs")
        begun = Trained(Study(miniature, folder, Path("nowhere"), told), {})

        def fit_face(pairs: Pairs, options: MatchingOptions, seed: int) -> FaceHead:
            head = fit_face_head(pairs, replace(options, steps=3), seed)
            begun.heads.append((pairs, head))
            return head

        def fit_voice(*arguments: object) -> nn.Linear:
            head = fit_voice_head(*arguments, steps=3)  # type: ignore[arg-type]
            begun.voice_heads.append(head)
            return head

        patch.setattr(joint_space, "fit_face_head", fit_face)
        patch.setattr(joint_space, "fit_voice_head", fit_voice)
        begun.figures = begun.study.train_matching()
        yield begun


def test_a_person_that_is_trained_on_is_embedded_by_a_head_that_never_saw_that_person(trained: Trained) -> None:
    crossed = trained.heads[NUM_HEADS:]
    assert len(crossed) == NUM_FOLDS
    used = set()
    for clip in (clip for clip in trained.clips if clip.part == "train"):
        embedding, seen = trained.study.embeddings.face[clip.name], trained.seen_of(clip)[None]
        answers = [float(embed_faces([head], seen)[0] @ embedding) for _, head in crossed]
        fold = int(np.argmax(answers))
        assert answers[fold] == pytest.approx(1.0, abs=1e-4)
        assert clip.person not in trained.who_trained(crossed[fold][0])
        used.add(fold)
    assert len(used) > 1


def test_held_out_people_are_embedded_by_the_heads_that_ship_and_train_none(trained: Trained) -> None:
    held_out = [clip for clip in trained.clips if clip.part == "valid"]
    shipping = [head for _, head in trained.heads[:NUM_HEADS]]
    for clip in held_out:
        embedding = embed_faces(shipping, trained.seen_of(clip)[None])[0]
        np.testing.assert_allclose(trained.study.embeddings.face[clip.name], embedding, atol=1e-4)
    everybody = {clip.person for clip in trained.clips}
    for pairs, _ in trained.heads:
        assert trained.who_trained(pairs) <= everybody - {clip.person for clip in held_out}
    for pairs, _ in trained.heads[:NUM_HEADS]:
        assert trained.who_trained(pairs) == everybody - {clip.person for clip in held_out}


@torch.inference_mode()
def test_what_ships_gives_the_embeddings_that_the_separator_is_trained_with(trained: Trained) -> None:
    face, voice = trained.study.face(), trained.study.voice()
    for clip in (clip for clip in trained.clips if clip.part == "valid"):
        seen = torch.from_numpy(trained.study.seen.values[trained.study.seen.paths.index(clip.face)])
        embedding = face.encoder.embed(seen[None])[0].numpy()
        np.testing.assert_allclose(trained.study.embeddings.face[clip.name], embedding, atol=1e-4)
    readings = trained.study.readings
    clean = voice.embed(torch.from_numpy(readings.clean)).numpy()
    for i, windows in trained.study.embeddings.windows.items():
        np.testing.assert_allclose(windows[: len(windows) // 2], clean[readings.owners == i], atol=1e-4)


def test_figures_are_told_and_kept(trained: Trained) -> None:
    assert json.loads((trained.study.folder / joint_space.FIGURES).read_text()) == trained.figures
    for part in ("held_out", "crossed"):
        assert all(0.0 <= share <= 1.0 for share in trained.figures[part].values())


def test_voices_of_held_out_people_do_not_train_their_map(
    trained: Trained, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    heard: list[np.ndarray] = []

    def fit(readings: np.ndarray, speakers: list[np.ndarray], male: np.ndarray) -> nn.Linear:
        heard.extend((readings, *speakers))
        return fit_voice_head(readings, speakers, male, steps=2)

    monkeypatch.setattr(joint_space, "fit_voice_head", fit)
    recordings, readings = trained.study.recordings, trained.study.readings
    scores = {int(i): 1.0 for i in readings.owners}
    joint_space.embed_voices(recordings, readings, scores, tmp_path / "voice_head.pt")
    owners = [int(i) for i in readings.owners if recordings[i].part == "train"]
    assert 0 < len(owners) < len(readings.owners) and len(heard[0]) == len(owners)
    for rows in heard[1:]:
        assert len({recordings[owners[row]].person for row in rows}) == 1 and len(rows) > 1


def test_stages_that_are_on_disk_are_used_as_they_are(trained: Trained) -> None:
    before = len(trained.voice_heads), trained.study.embeddings
    again = Study(trained.study.data, trained.study.folder, Path("nowhere"), trained.study.console)
    again.train_matching()
    assert len(trained.voice_heads) == before[0] == 1
    np.testing.assert_array_equal(again.seen.values, trained.study.seen.values)
    np.testing.assert_allclose(again.embeddings.face["valid0"], before[1].face["valid0"], atol=1e-5)


def test_the_separator_is_trained_with_all_of_that_and_found_again(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mixtures, "SEGMENT_S", 1.0)
    monkeypatch.setattr("shutil.which", lambda _: None)  # Without a compiler, which would take a minute.
    options = SeparationOptions(steps=1, mixtures=2, width=16, hidden=24, num_blocks=2)
    net = trained.study.train_separator(options)
    found = trained.study.separator()
    assert (found.width, found.hidden, found.training) == (16, 24, False)
    assert all(torch.equal(value, found.state_dict()[name]) for name, value in net.state_dict().items())


def test_matching_is_counted_both_ways_over_all_pairs() -> None:
    faces = np.eye(4, 8, dtype=np.float32)
    male = np.array([True, True, False, False])
    assert match_accuracy(faces, faces, male) == {"opposite": 1.0, "same": 1.0, "all": 1.0}
    # The voices of the two men are taken for one another's: of their pairs none is right.
    swapped = faces[[1, 0, 2, 3]]
    accuracy = match_accuracy(faces, swapped, male)
    assert accuracy["same"] == 0.5
    # Of a man and a woman, the choice that begins with hers is right, and the one that begins with his is not.
    assert accuracy["opposite"] == 0.5 and accuracy["all"] == 0.5
