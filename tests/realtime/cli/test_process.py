"""``tectum process``: events, summary, aligned output, and what is wrong with a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.realtime.own_model import LABELS, tone, write_own_model

from .conftest import Tectum

RATE = 16_000


def write_noise(path: Path, seconds: float, rate: int = RATE, channels: int = 1) -> np.ndarray:
    """Writes band-limited noise (a moving sum), so that resampling on the way loses next to nothing of it."""
    count = round(rate * seconds)
    white = np.random.default_rng(1).standard_normal((count + 15, channels))
    smooth = np.stack([np.convolve(column, np.hanning(16), "valid") for column in white.T], axis=1)
    samples = (0.1 * smooth / smooth.std()).astype(np.float32)
    soundfile.write(path, samples, rate, subtype="PCM_16")
    return samples


def test_json_gives_strict_events_and_a_summary_last(tectum: Tectum, tmp_path: Path) -> None:
    write_noise(tmp_path / "a.wav", 5.0)
    outcome = tectum("process", "a.wav", "--plugin", "genre", "--param", "genre.interval_s=1", "--json")
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    *events, summary = outcome.events
    assert {event["type"] for event in events} == {"genre"}
    assert 4 <= len(events) <= 5
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert summary["type"] == "summary"
    assert summary["seconds"] == pytest.approx(5.0)
    assert summary["plugins"]["genre"]["events"] == len(events)
    assert summary["real_time_factor"] == pytest.approx(summary["wall_s"] / 5.0, rel=0.05)


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (16_000, 1), (48_000, 2)])
def test_the_output_has_the_rate_and_length_of_the_input_and_is_aligned(
    tectum: Tectum, tmp_path: Path, rate: int, channels: int
) -> None:
    samples = write_noise(tmp_path / "in.wav", 2.345, rate, channels)
    outcome = tectum("process", "in.wav", "-o", "out.wav", "--plugin", "gain", "--param", "gain.gain_db=-6.0206")
    assert outcome.exit_code == 0
    got, got_rate = soundfile.read(tmp_path / "out.wav", dtype="float32", always_2d=True)
    assert (got_rate, got.shape) == (rate, samples.shape)
    inner = slice(rate // 10, -rate // 10)  # a resampler's filter has nothing to look at beyond the ends
    residual = got[inner] - samples[inner] / 2
    assert 10 * np.log10(np.mean(residual**2) / np.mean((samples[inner] / 2) ** 2)) < -45


def test_people_get_a_readable_summary(tectum: Tectum, tmp_path: Path) -> None:
    write_noise(tmp_path / "a.wav", 2.0)
    outcome = tectum("process", "a.wav", "-p", "genre,gain", "-o", "b.flac")
    assert outcome.exit_code == 0
    assert "genre" in outcome.stdout and "2.0 s of audio in" in outcome.stdout and "x real time" in outcome.stdout
    assert "written to b.flac" in outcome.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.wav"], "none.wav, which does not exist"),
        (["a.txt"], "expected a sound file"),
        (["a.wav", "--plugin", "nope"], "got 'nope'"),
        (["a.wav", "--param", "genre.nope=1"], "genre.nope"),
        (["a.wav", "--param", "genre.interval_s=-1"], "genre.interval_s"),
        (["a.wav", "--param", "interval_s"], "expected --param plugin.name=value"),
        (["a.wav", "--device", "tpu"], "--device"),
        (["a.wav", "-o", "b.xyz", "--plugin", "gain"], "got 'b.xyz'"),
        (["a.wav", "-o", "none/b.wav", "--plugin", "gain"], "cannot be created"),
        (["a.wav", "-o", "b.wav", "--plugin", "genre"], "expected a plugin that changes audio"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tectum: Tectum, tmp_path: Path, arguments: list[str], says: str) -> None:
    write_noise(tmp_path / "a.wav", 1.0)
    (tmp_path / "a.txt").write_text("words")
    outcome = tectum("process", *arguments, "--json")
    assert outcome.exit_code == 2
    assert says in outcome.stderr and outcome.stderr.count("\n") == 1
    assert outcome.events[-1]["type"] == "error"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "a.wav"]


@pytest.mark.parametrize("name", [b"caf\xc3\xa9 \xe2\x99\xab.wav", b"latin-\xe9.wav"])
def test_any_file_name_passes(tmp_path: Path, name: bytes) -> None:
    write_noise(tmp_path / "a.wav", 1.0)
    path = os.fsencode(tmp_path) + b"/" + name
    os.rename(tmp_path / "a.wav", path)
    for arguments in (["--json"], []):
        command = [sys.executable, "-m", "realtime", "process", path, "-p", "gain", "-o", path, *arguments]
        result = subprocess.run(command, capture_output=True, env={**os.environ, "LC_ALL": "C"})
        assert (result.returncode, result.stderr) == (0, b"")


def test_usage_is_exit_code_2(tectum: Tectum) -> None:
    assert tectum("process").exit_code == 2
    assert tectum("process", "a.wav", "--nope").exit_code == 2


def test_a_file_cut_short_gives_its_events_and_then_the_error(tectum: Tectum, tmp_path: Path) -> None:
    write_noise(tmp_path / "a.wav", 6.0)
    whole = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(whole[: len(whole) // 2])
    outcome = tectum("process", "a.wav", "-p", "genre,gain", "-o", "b.wav", "--json")
    assert outcome.exit_code == 2
    assert "cut short: expected 6.00 s of sound, got 3.00 s" in outcome.stderr
    *events, summary = outcome.events
    assert events and summary["fault"]["code"] == "bad_audio_file"
    assert soundfile.info(tmp_path / "b.wav").duration == pytest.approx(3.0, abs=0.01)


def test_a_float_file_with_nan_is_processed_and_says_so(tectum: Tectum, tmp_path: Path) -> None:
    samples = np.zeros(RATE * 2, np.float32)
    samples[100:110] = np.nan
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    outcome = tectum("process", "a.wav")
    assert outcome.exit_code == 0
    assert "10 samples were no numbers and became silence" in outcome.stdout


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    write_noise(tmp_path / "a.wav", 60.0)
    command = [sys.executable, "-m", "realtime", "process", str(tmp_path / "a.wav"), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith(b'{"type": "genre"')
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


def test_a_real_clip_gives_an_event_a_second_and_is_much_faster_than_real_time(
    tectum: Tectum, shared_data: Path
) -> None:
    clip = shared_data / "gtzan_audio" / "clip30s" / "jazz.00000.opus"
    outcome = tectum("process", clip, "--plugin", "genre", "--json")
    *events, summary = outcome.events
    times = [event["time_s"] for event in events if event["type"] == "genre"]
    assert all(any(second < time <= second + 1.0 for time in times) for second in range(30))
    assert summary["seconds"] == pytest.approx(30.0, abs=0.1)
    assert summary["real_time_factor"] < 0.2  # 0.02 on an idle core; tests share theirs


def test_realtime_takes_as_long_as_the_audio(tectum: Tectum, tmp_path: Path) -> None:
    write_noise(tmp_path / "a.wav", 1.0)
    summary = tectum("process", "a.wav", "--realtime", "--json").events[-1]
    assert summary["wall_s"] >= 1.0


@pytest.mark.parametrize("by", ["flag", "variable"])
def test_a_model_of_one_s_own_names_its_labels(
    tectum: Tectum, tmp_path: Path, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_own_model(tmp_path / "own")
    soundfile.write(tmp_path / "tone.wav", tone("high", 4.0, 48_000).numpy(), 48_000)
    flag = ("--models", "own") if by == "flag" else ()
    if by == "variable":
        monkeypatch.setenv("TECTUM_MODELS", "own")
    outcome = tectum("process", "tone.wav", *flag, "--json")
    *events, _ = outcome.events
    assert events[-1]["label"] == "high"
    assert {entry["label"] for entry in events[-1]["top"]} == set(LABELS)


def test_a_model_that_was_altered_is_refused_in_one_line(tectum: Tectum, tmp_path: Path) -> None:
    with (write_own_model(tmp_path / "own") / "genre.ts").open("ab") as file:
        file.write(b"!")
    write_noise(tmp_path / "a.wav", 1.0)
    outcome = tectum("process", "a.wav", "--models", "own", "--json")
    assert outcome.exit_code == 1
    [error] = outcome.events
    assert (error["code"], error["param"]) == ("artifact_error", "sha256")
    assert outcome.stderr.startswith("tectum: expected sha256 ") and outcome.stderr.count("\n") == 1
