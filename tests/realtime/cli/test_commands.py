"""The small commands, and what all of them share."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import realtime
from realtime.cli import checks

from .conftest import Tectum


def test_version_and_help(tectum: Tectum) -> None:
    assert tectum("--version").stdout == f"tectum {realtime.__version__}\n"
    shown = tectum("--help").stdout
    assert all(name in shown for name in ("serve", "listen", "process", "plugins", "devices", "doctor", "bench"))


def test_help_is_quick_because_torch_is_not_imported() -> None:
    code = "import sys, realtime.cli.app; print(sorted({'torch', 'numpy', 'av', 'pydantic'} & sys.modules.keys()))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_plugins_are_listed_for_people_and_programs(tectum: Tectum) -> None:
    text = tectum("plugins").stdout
    assert "genre.interval_s" in text and "gain.gain_db" in text
    listed = {plugin["name"]: plugin for plugin in tectum("plugins", "--json").events}
    assert listed["genre"]["kind"] == "analyzer"
    assert listed["gain"]["params_schema"]["properties"]["gain_db"]["unit"] == "dB"


def test_devices_without_pyaudio_say_what_to_install(tectum: Tectum, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyaudio", None)
    outcome = tectum("devices", "--json")
    assert outcome.exit_code == 1
    assert "pip install 'tectum[mic]'" in outcome.stderr
    assert outcome.events[0]["code"] == "device_unavailable"


def test_doctor_finds_this_machine_fit(tectum: Tectum) -> None:
    outcome = tectum("doctor", "--json")
    found = {check["name"]: check for check in outcome.events}
    assert outcome.exit_code == 0, outcome.stdout
    assert found.keys() >= {"python", "packages", "artifacts", "plugins", "microphone", "gpu", "port"}
    assert found["artifacts"]["status"] == "ok" and "sha256 agrees" in found["artifacts"]["detail"]


def test_doctor_names_an_altered_artifact_and_how_to_mend_it(
    tectum: Tectum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realtime.artifacts import PACKAGED

    folder = tmp_path / "artifacts"
    folder.mkdir()
    for path in PACKAGED.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    with (folder / "genre.ts").open("r+b") as file:
        file.write(b"altered")
    monkeypatch.setattr("realtime.artifacts.PACKAGED", folder)
    outcome = tectum("doctor")
    assert outcome.exit_code == 1
    assert "✗ artifacts" in outcome.stdout and "sha256" in outcome.stdout and "git checkout" in outcome.stdout


def test_doctor_reports_a_settings_file_that_is_wrong_and_misspelt_variables(
    tectum: Tectum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TECTUM_PROT", "1")
    assert "unknown: TECTUM_PROT" in tectum("doctor").stdout
    (tmp_path / "tectum.toml").write_text("port = 'eighty'")
    outcome = tectum("doctor")
    assert outcome.exit_code == 1
    assert "✗ settings   tectum.toml: port:" in outcome.stdout


def test_doctor_finds_a_taken_port(tectum: Tectum, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("TECTUM_PORT", str(server.getsockname()[1]))
        outcome = tectum("doctor", "--json")
    found = {check["name"]: check for check in outcome.events}
    assert (found["port"]["status"], outcome.exit_code) == ("optional", 0)
    assert "--port 0" in found["port"]["mend"]


def test_a_check_that_breaks_is_reported_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> checks.Check:
        raise RuntimeError("of all things")

    broken.__name__ = "_gpu"
    monkeypatch.setattr(checks, "_gpu", broken)
    found = {check.name: check for check in checks.run_checks()}
    assert found["gpu"].detail == "RuntimeError: of all things"
    assert found["decoders"].status == "ok"


def test_serve_refuses_wrong_settings_before_anything_is_loaded(tectum: Tectum) -> None:
    outcome = tectum("serve", "--port", "70000")
    assert outcome.exit_code == 2
    assert outcome.stderr == "tectum: --port: input should be less than or equal to 65535, got 70000\n"


def test_expected_errors_are_json_on_their_own_line() -> None:
    command = [sys.executable, "-m", "realtime", "process", "none.wav", "--json"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert json.loads(result.stdout)["code"] == "bad_audio_file"
    assert "Traceback" not in result.stderr


def test_serve_on_a_taken_port_says_so_and_fails(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [
            sys.executable,
            "-m",
            "realtime",
            "serve",
            "--port",
            str(server.getsockname()[1]),
            "--plugin",
            "gain",
        ]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert "address already in use" in result.stderr
    assert "Traceback" not in result.stderr


def test_serve_off_loopback_needs_a_token(tectum: Tectum) -> None:
    outcome = tectum("serve", "--host", "0.0.0.0", "--port", "0")
    assert outcome.exit_code == 2
    assert "TECTUM_TOKEN" in outcome.stderr
