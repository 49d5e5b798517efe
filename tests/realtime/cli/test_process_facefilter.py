"""``tectum process --face --voice``: whom to keep, from files to the output, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from realtime.frames import Samples
from tests.realtime.plugins.toy_separator import write_separator
from tests.realtime.targets.made_up import as_file, babble, draw, encoded, write_models

from .conftest import Tectum

NOBODY, FACE, VOICE = 0.5, 0.25, 0.125
"""What the toy separator leaves of the level where nobody is given, and takes of it for a face and for a voice."""
FIRST_NUMBER = 0.05
"""Times the first number of an embedding, which is at most 1, are left besides."""


HELD_OUT = (("e9e5788b214c", "3143346d7c50"), ("a992fb6f1ee8", "26095ade5790"), ("d66a0438097a", "997f2b8daba3"))
"""Pairs of a man and a woman who were never trained on."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the command runs: two pictures, two recordings, and ``models``."""
    write_models(write_separator(tmp_path / "models"))
    (tmp_path / "one.png").write_bytes(encoded(draw(320, 240, (100, 40, 200, 160))))
    (tmp_path / "two.jpg").write_bytes(encoded(draw(420, 240, (30, 50, 130, 170), (300, 60, 390, 160)), "JPEG"))
    (tmp_path / "voice.wav").write_bytes(as_file(babble(3.0)))
    (tmp_path / "in.wav").write_bytes(as_file(babble(1.5, pitch_hz=200.0)))
    return tmp_path


def gain_of(folder: Path, output: str = "out.wav", source: str = "in.wav") -> float:
    """Returns by how much ``output`` is ``source`` made quieter, which it must be in every sample and nothing else."""
    given, rate = soundfile.read(folder / source, always_2d=True)
    got, got_rate = soundfile.read(folder / output, always_2d=True)
    assert (got_rate, got.shape) == (rate, given.shape)
    inner = slice(rate // 10, -rate // 10)  # a resampler's filter has nothing to look at beyond the ends
    given, got = given[inner], got[inner]
    gain = float((given * got).sum() / (given**2).sum())
    assert ((got - gain * given) ** 2).mean() < 1e-4 * (got**2).mean()
    return gain


COMMAND = ("process", "in.wav", "-o", "out.wav", "-p", "facefilter", "--models", "models")


@pytest.mark.parametrize(
    ("flags", "left"),
    [
        ([], NOBODY),
        (["--face", "one.png"], NOBODY - FACE),
        (["--voice", "voice.wav"], NOBODY - VOICE),
        (["--face", "one.png", "--voice", "voice.wav"], NOBODY - FACE - VOICE),
        (["--face", "one.png", "--voice", "voice.wav", "--target", "voice"], NOBODY - VOICE),
        (["--face", "one.png", "--strength", "0"], 1.0),
        (["--face", "one.png", "--strength", "0.5"], 0.5 + (NOBODY - FACE) / 2),
    ],
)
def test_the_flags_reach_the_separator_from_the_first_sample_on(
    tectum: Tectum, folder: Path, flags: list[str], left: float
) -> None:
    outcome = tectum(*COMMAND, *flags)
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert gain_of(folder) == pytest.approx(left, abs=2 * FIRST_NUMBER)


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (8_000, 1), (48_000, 1)])
def test_the_output_has_the_rate_and_length_of_the_input_and_is_aligned(
    tectum: Tectum, folder: Path, rate: int, channels: int
) -> None:
    # Of few overtones: they must survive the plugin's 16 kHz, and the lowest rate here.
    time_s = np.arange(round(1.234 * rate)) / rate
    samples = 0.1 * np.sin(2 * np.pi * 200 * time_s) + 0.1 * np.sin(2 * np.pi * 1_130 * time_s)
    (folder / "in.wav").write_bytes(as_file(np.stack([samples] * channels, axis=1), rate))
    assert tectum(*COMMAND, "--face", "one.png").exit_code == 0
    assert gain_of(folder) == pytest.approx(NOBODY - FACE, abs=2 * FIRST_NUMBER)


def test_the_summary_says_what_was_found(tectum: Tectum, folder: Path) -> None:
    outcome = tectum(*COMMAND, "--face", "two.jpg", "--face-index", "1", "--voice", "voice.wav", "--json")
    *events, summary = outcome.events
    assert {event["type"] for event in events} == {"facefilter"}
    face, voice = summary["target"]["face"], summary["target"]["voice"]
    assert face["box"] == pytest.approx([300, 60, 390, 160], abs=2) and face["faces"] == 2
    assert voice["seconds"] == pytest.approx(3.0, abs=0.2) and not voice["cut"]


def test_people_are_told_too(tectum: Tectum, folder: Path) -> None:
    outcome = tectum(*COMMAND, "--face", "one.png", "--voice", "voice.wav")
    assert "kept by the face in one.png, 100 x 120 pixels at (100, 40)\n" in outcome.stdout
    assert "kept by the voice in voice.wav, 3.0 s of speech\n" in outcome.stdout


def test_the_index_chooses_the_face(tectum: Tectum, folder: Path) -> None:
    gains = []
    for index in (0, 1):
        assert tectum(*COMMAND, "--face", "two.jpg", "--face-index", index).exit_code == 0
        gains.append(gain_of(folder))
    assert gains[0] != pytest.approx(gains[1], abs=1e-4)


def test_several_faces_are_listed_to_choose_from(tectum: Tectum, folder: Path) -> None:
    outcome = tectum(*COMMAND, "--face", "two.jpg", "--json")
    [error] = outcome.events
    assert (outcome.exit_code, error["code"], len(error["faces"])) == (2, "several_faces", 2)
    assert "got 2 faces: 0: 100 x 120 pixels at (30, 50); 1: " in outcome.stderr


@pytest.mark.parametrize(
    ("flags", "code", "says"),
    [
        (["--face", "none.jpg"], "bad_picture", "expected a picture, got none.jpg: No such file"),
        (["--face", "models"], "bad_picture", "got models: Is a directory"),
        (["--face", "voice.wav"], "bad_picture", "expected a JPEG, PNG or WEBP"),
        (["--face", "two.jpg", "--face-index", "2"], "bad_param", "of 0 to 1, got 2"),
        (["--face-index", "0"], "bad_param", "expected --face with --face-index"),
        (["--voice", "none.wav"], "bad_voice", "none.wav, which does not exist"),
        (["--voice", "one.png"], "bad_voice", "expected a sound file or a video with sound, got one.png"),
        (["--voice", "silence.wav"], "voice_silent", "got silence"),
        (["--voice", "short.wav"], "voice_too_short", "expected at least 1 s of speech, got 0.5 s"),
        (["--voice", "voice.wav", "--target", "face"], "bad_param", "expected --face with --target face"),
        (["--target", "nose"], "bad_param", "facefilter.target"),
        (["--strength", "1.5"], "bad_param", "facefilter.strength"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_code_2(
    tectum: Tectum, folder: Path, flags: list[str], code: str, says: str
) -> None:
    (folder / "silence.wav").write_bytes(as_file(np.zeros(32_000)))
    (folder / "short.wav").write_bytes(as_file(babble(0.5)))
    before = sorted(path.name for path in folder.iterdir())
    outcome = tectum(*COMMAND, *flags, "--json")
    assert outcome.exit_code == 2
    assert says in outcome.stderr and outcome.stderr.count("\n") == 1
    [error] = outcome.events
    assert error["code"] == code
    assert sorted(path.name for path in folder.iterdir()) == before


def test_the_flags_need_the_plugin(tectum: Tectum, folder: Path) -> None:
    outcome = tectum("process", "in.wav", "-p", "gain", "--strength", "0.5", "--face", "one.png")
    assert outcome.exit_code == 2
    assert outcome.stderr == "tectum: expected --plugin facefilter with --strength and --face, got gain\n"


def test_a_long_recording_is_heard_for_a_minute(tectum: Tectum, folder: Path) -> None:
    long = np.tile(babble(3.0, rate=48_000), 25)
    (folder / "long.wav").write_bytes(as_file(np.stack([long] * 2, axis=1), 48_000, subtype="FLOAT"))
    outcome = tectum(*COMMAND, "--voice", "long.wav", "--json")
    assert outcome.events[-1]["target"]["voice"]["cut"]


def test_a_real_face_and_voice_are_found_and_what_is_kept_stays_in_its_place(
    tectum: Tectum, tmp_path: Path, shared_data: Path
) -> None:
    people = shared_data / "facevoice"
    one, two = ("005c48fa0096", "00889dc28e32")
    voices = [
        soundfile.read(people / "voice" / f"{clip}.opus", frames=48_000, dtype="float32")[0] for clip in (one, two)
    ]
    mixture = sum(0.05 * voice / voice.std() for voice in voices)
    (tmp_path / "in.wav").write_bytes(as_file(mixture, subtype="FLOAT"))
    flags = ("--face", people / "face" / f"{one}.jpg", "--voice", people / "voice" / f"{one}.opus")
    outcome = tectum("process", "in.wav", "-o", "out.wav", "-p", "facefilter", *flags, "--json")
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert outcome.events[-1]["target"]["face"]["faces"] == 1
    kept, rate = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert (rate, len(kept)) == (16_000, len(mixture))
    lags = range(-80, 81)
    agreement = [float(kept[80 + lag : len(kept) - 80 + lag] @ mixture[80:-80]) for lag in lags]
    assert lags[int(np.argmax(agreement))] == 0


def test_the_voice_of_a_face_comes_nearer_to_itself(tectum: Tectum, tmp_path: Path, shared_data: Path) -> None:
    gains = []
    for pair in HELD_OUT:
        voices = [_level(_voice(shared_data, clip)) for clip in pair]
        mixture = voices[0] + voices[1]
        (tmp_path / "in.wav").write_bytes(as_file(mixture, subtype="FLOAT"))
        for clip, voice in zip(pair, voices, strict=True):
            face = shared_data / "facevoice" / "face" / f"{clip}.jpg"
            outcome = tectum("process", "in.wav", "-o", "out.wav", "-p", "facefilter", "--face", face, "--json")
            assert (outcome.exit_code, outcome.stderr) == (0, "")
            kept, _ = soundfile.read(tmp_path / "out.wav", dtype="float32")
            gains.append(_si_sdr(kept, voice) - _si_sdr(mixture, voice))
    assert np.mean(gains) > 2.0


def _voice(data: Path, clip: str) -> Samples:
    return soundfile.read(data / "facevoice" / "voice" / f"{clip}.opus", frames=80_000, dtype="float32")[0]


def _level(x: Samples) -> Samples:
    return 0.05 * x / x.std()


def _si_sdr(estimate: Samples, reference: Samples) -> float:
    projected = (estimate @ reference) / (reference @ reference) * reference
    return float(10 * np.log10((projected @ projected) / np.square(estimate - projected).sum()))
