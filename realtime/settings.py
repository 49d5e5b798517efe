"""The settings of a process: parsed once, frozen, the same for every command.

Invariant: flags win over ``TECTUM_*`` variables, those over ``tectum.toml``, those over the defaults; a
wrong value is refused with the source and the key that hold it.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from .errors import SettingsError

FILE_NAME = "tectum.toml"
PREFIX = "TECTUM_"
CONFIG_VARIABLE = "TECTUM_CONFIG"
OTHER_VARIABLES = ("TECTUM_DATA", "TECTUM_BENCH_DIR")
"""Set nothing here: where training and tests find recordings, and where benchmarks put their tables."""

LISTS = frozenset({"plugins", "allowed_origins"})
"""Fields that a variable gives as comma-separated text."""


class Settings(BaseModel):
    """What can be set; every field is a flag, a ``TECTUM_*`` variable and a key of ``tectum.toml``."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65_535, description="TCP port to listen on; 0 takes a free one.")
    token: str | None = Field(
        None, min_length=8, max_length=256, pattern=r"^[A-Za-z0-9._~-]+$", repr=False, description="What clients show."
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where the networks run.")
    models: Path | None = Field(None, description="Folder of models that replace those of the same name that ship.")
    max_sessions: int = Field(64, ge=1, le=4096, description="Sessions at once; more are refused.")
    plugins: tuple[str, ...] | None = Field(None, description="Plugins to load; none named means all installed.")
    allowed_origins: tuple[str, ...] = Field((), description="Origins of web pages that may connect, beside our own.")
    send_deadline_s: float = Field(4.0, gt=0, le=60, description="How long a client may leave its events unread, in s.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What the log shows.")
    graceful_timeout_s: float = Field(10.0, ge=0, le=300, description="How long a stop waits for sessions, in s.")

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach ``host``; any other address needs a token."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def load_settings(
    flags: Mapping[str, Any] | None = None,
    *,
    env: Mapping[str, str] | None = None,
    config: Path | None = None,
) -> Settings:
    """Merges flags, environment and file into one object.

    Args:
        flags: Values by field; None means that the flag was not given.
        env: Environment; that of the process by default. Unknown ``TECTUM_*`` variables are left alone
            here, as others may own them; ``tectum doctor`` shows them.
        config: The file to read; ``$TECTUM_CONFIG`` or ``tectum.toml`` in the working directory by
            default. Only a file that was named must exist.

    Raises:
        SettingsError: An unknown key, a wrong value, or a file that is missing or not TOML.
    """
    env = os.environ if env is None else env
    path, named = _config_path(env, config)
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    file, variables = _read_file(path, named), _read_environment(env)
    merged = {**file, **variables, **given}
    names = {key: f"{path}: {key}" for key in file}
    names |= {key: PREFIX + key.upper() for key in variables}
    names |= {key: "--" + key.replace("_", "-") for key in given}
    try:
        return Settings(**merged)
    except ValidationError as error:
        raise _explain(error, names) from error


def unknown_variables(env: Mapping[str, str]) -> list[str]:
    """Returns the ``TECTUM_*`` variables that set nothing, probably misspelt."""
    known = {PREFIX + field.upper() for field in Settings.model_fields} | {CONFIG_VARIABLE, *OTHER_VARIABLES}
    return sorted(name for name in env if name.startswith(PREFIX) and name not in known)


def _config_path(env: Mapping[str, str], config: Path | None) -> tuple[Path, bool]:
    if config is not None:
        return config, True
    if named := env.get(CONFIG_VARIABLE):
        return Path(named), True
    return Path(FILE_NAME), False


def _read_file(path: Path, named: bool) -> dict[str, Any]:
    if not named and not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"expected a settings file, got {path}: {error.strerror}", param="config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"expected TOML in {path}, got: {error}", param="config") from error


def _read_environment(env: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in Settings.model_fields:
        text = env.get(PREFIX + field.upper())
        if not text:  # an empty variable is a common way to unset one
            continue
        values[field] = tuple(part.strip() for part in text.split(",") if part.strip()) if field in LISTS else text
    return values


def _explain(error: ValidationError, names: Mapping[str, str]) -> SettingsError:
    """Turns pydantic's first complaint into one sentence about the place to change."""
    first = error.errors()[0]
    key = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        return SettingsError(f"{names[key]}: expected one of {', '.join(Settings.model_fields)}", param=key)
    came = "" if key == "token" else f", got {first['input']!r}"  # a token is nobody's business
    return SettingsError(f"{names[key]}: {first['msg'][0].lower()}{first['msg'][1:]}{came}", param=key)
