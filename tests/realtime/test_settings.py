"""Settings: flags over variables over file over defaults, and errors that name the place."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from realtime.errors import SettingsError
from realtime.settings import Settings, load_settings, unknown_variables


@pytest.fixture(autouse=True)
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_defaults() -> None:
    settings = load_settings(env={})
    assert (settings.host, settings.port, settings.token, settings.device) == ("127.0.0.1", 8000, None, "auto")
    assert (settings.max_sessions, settings.plugins, settings.allowed_origins) == (64, None, ())
    assert (settings.send_deadline_s, settings.graceful_timeout_s, settings.log_level) == (4.0, 10.0, "info")


def test_flags_win_over_variables_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "tectum.toml").write_text('port = 1\nmax_sessions = 2\ndevice = "cpu"\nplugins = ["gain"]\n')
    settings = load_settings({"port": 3, "host": None}, env={"TECTUM_PORT": "2", "TECTUM_MAX_SESSIONS": "5"})
    assert (settings.port, settings.max_sessions, settings.device, settings.plugins) == (3, 5, "cpu", ("gain",))
    assert settings.host == "127.0.0.1"


def test_the_folder_of_models_is_a_flag_a_variable_or_a_key(tmp_path: Path) -> None:
    assert load_settings(env={}).models is None
    (tmp_path / "tectum.toml").write_text('models = "from/file"\n')
    assert load_settings(env={}).models == Path("from/file")
    assert load_settings(env={"TECTUM_MODELS": "from/variable"}).models == Path("from/variable")
    assert load_settings({"models": Path("flag")}, env={"TECTUM_MODELS": "from/variable"}).models == Path("flag")


def test_variables_are_text_and_lists_are_comma_separated() -> None:
    env = {
        "TECTUM_PLUGINS": "genre, gain",
        "TECTUM_ALLOWED_ORIGINS": "https://a.example",
        "TECTUM_LOG_LEVEL": "DEBUG",
        "TECTUM_SEND_DEADLINE_S": "2.5",
        "TECTUM_HOST": "",
        "PORT": "1",
    }
    settings = load_settings(env=env)
    assert settings.plugins == ("genre", "gain")
    assert settings.allowed_origins == ("https://a.example",)
    assert (settings.log_level, settings.send_deadline_s) == ("debug", 2.5)
    assert settings.port == 8000


@pytest.mark.parametrize(
    ("flags", "env", "file", "says"),
    [
        ({"port": 70_000}, {}, "", "--port: .*65535, got 70000"),
        ({}, {"TECTUM_PORT": "eighty"}, "", "TECTUM_PORT: .*got 'eighty'"),
        ({}, {"TECTUM_DEVICE": "tpu"}, "", "TECTUM_DEVICE: .*'auto', 'cpu' or 'cuda', got 'tpu'"),
        ({}, {}, "max_sessions = 0", "tectum.toml: max_sessions: .*got 0"),
        ({}, {}, "prot = 1", "tectum.toml: prot: expected one of host, port, "),
        ({}, {}, "port = = 1", "expected TOML in tectum.toml"),
        ({}, {"TECTUM_SEND_DEADLINE_S": "nan"}, "", "TECTUM_SEND_DEADLINE_S: .*got 'nan'"),
        ({"host": ""}, {}, "", "--host"),
        ({}, {"TECTUM_CONFIG": "none.toml"}, "", "expected a settings file, got none.toml: No such file"),
    ],
)
def test_a_wrong_value_names_its_source_and_key(
    tmp_path: Path, flags: dict[str, object], env: dict[str, str], file: str, says: str
) -> None:
    if file:
        (tmp_path / "tectum.toml").write_text(file)
    with pytest.raises(SettingsError, match=says) as caught:
        load_settings(flags, env=env)
    assert caught.value.param is not None


def test_the_source_at_fault_is_the_one_that_wins(tmp_path: Path) -> None:
    (tmp_path / "tectum.toml").write_text("port = -1")
    assert load_settings(env={"TECTUM_PORT": "80"}).port == 80


def test_a_token_never_shows() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(env={"TECTUM_TOKEN": "secret\nsecret"})
    assert "secret" not in caught.value.message
    assert "hunter2hunter2" not in repr(load_settings(env={"TECTUM_TOKEN": "hunter2hunter2"}))


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("host", "loopback"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("h", False)]
)
def test_loopback(host: str, loopback: bool) -> None:
    assert Settings(host=host).loopback is loopback


def test_misspelt_variables_are_found() -> None:
    known = {"TECTUM_PORT": "1", "TECTUM_DATA": "data", "HOME": "/"}
    assert unknown_variables({"TECTUM_PROT": "1", **known}) == ["TECTUM_PROT"]
