"""What Tectum needs on a machine, each looked at by one function that also says how to mend it.

Invariant: a check never raises; what it cannot find out it reports.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from ..errors import SettingsError, TectumError

MIN_PYTHON = (3, 11)
PACKAGES = ("torch", "numpy", "soxr", "soundfile", "av", "PIL", "starlette", "uvicorn", "websockets", "pydantic")
DISTRIBUTIONS = {"PIL": "pillow"}
"""Packages that are installed under another name than they are imported by."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found.

    Attributes:
        name: What was looked at.
        status: ``ok``; ``missing`` where something needed is not there; ``optional`` where Tectum does
            without it.
        detail: What is there.
        mend: What to do about it; empty where nothing need be done.
    """

    name: str
    status: Literal["ok", "missing", "optional"]
    detail: str
    mend: str = ""


def run_checks() -> Iterator[Check]:
    """Yields every check as soon as it is done."""
    for check in (
        _python,
        _packages,
        _torchaudio,
        _settings,
        _port,
        _artifacts,
        _own_models,
        _plugins,
        _gpu,
        _ffmpeg,
        _microphone,
        _chromium,
    ):
        yield _guarded(check)


def _guarded(check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as error:  # a broken installation fails in ways that nobody lists
        name = check.__name__.removeprefix("_")
        return Check(
            name, "missing", f"{type(error).__name__}: {error}", "reinstall: pip install --force-reinstall tectum"
        )


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < MIN_PYTHON:
        return Check("python", "missing", found, f"install Python {'.'.join(map(str, MIN_PYTHON))} or newer")
    return Check("python", "ok", found)


def _packages() -> Check:
    found, broken = [], []
    for name in PACKAGES:
        try:
            importlib.import_module(name)
            found.append(f"{name} {version(DISTRIBUTIONS.get(name, name))}")
        except (ImportError, OSError, PackageNotFoundError) as error:
            broken.append(f"{name}: {error}")
    if broken:
        return Check("packages", "missing", "; ".join(broken), "pip install -c constraints.txt tectum")
    return Check("packages", "ok", ", ".join(found))


def _torchaudio() -> Check:
    # Its version is enough: beside a CPU build of torch its import needs the stub that training sets up.
    try:
        return Check("torchaudio", "ok", version("torchaudio"))
    except PackageNotFoundError:
        return Check(
            "torchaudio", "optional", "not installed", "for training: pip install -c constraints.txt torchaudio"
        )


def _settings() -> Check:
    from ..settings import load_settings, unknown_variables

    try:
        load_settings()
    except SettingsError as error:
        return Check("settings", "missing", error.message, f"correct or remove {error.param}")
    if unknown := unknown_variables(os.environ):
        return Check(
            "settings", "optional", f"unknown: {', '.join(unknown)}", "is one misspelt? See tectum serve --help"
        )
    return Check("settings", "ok", "flags, TECTUM_* and tectum.toml agree with what is allowed")


def _port() -> Check:
    from ..settings import load_settings

    try:
        settings = load_settings()
    except SettingsError:
        return Check("port", "optional", "not looked at, the settings are wrong")
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            mend = "stop what listens there, or choose another: tectum serve --port 0"
            return Check("port", "optional", f"{settings.host}:{settings.port}: {error.strerror}", mend)
    return Check("port", "ok", f"{settings.host}:{settings.port} is free")


def _artifacts() -> Check:
    from ..artifacts import PACKAGED

    try:
        return Check("artifacts", "ok", _models_in(PACKAGED))
    except (TectumError, OSError, ValueError) as error:
        return Check("artifacts", "missing", str(error), "restore models/artifacts: git checkout, or reinstall tectum")


def _own_models() -> Check:
    from ..settings import load_settings

    try:
        folder = load_settings().models
    except SettingsError:
        return Check("models", "optional", "not looked at, the settings are wrong")
    if folder is None:
        return Check("models", "optional", "none of your own, those that ship are used")
    try:
        return Check("models", "ok", f"{_models_in(folder)} in {folder}")
    except (TectumError, OSError, ValueError) as error:
        return Check("models", "missing", str(error), "export them again, or unset models, TECTUM_MODELS")


def _models_in(folder: Path) -> str:
    from ..artifacts import load_artifact

    names = sorted(json.loads((folder / "manifest.json").read_bytes()))
    cards = [load_artifact(name, "cpu", folder, methods=()).card for name in names]
    return ", ".join(f"{card.name} {card.version} (sha256 agrees)" for card in cards)


def _plugins() -> Check:
    from importlib.metadata import entry_points

    from ..registry import ENTRY_POINT_GROUP, discover

    found = discover()
    listed = {entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)}
    if not listed:
        return Check("plugins", "missing", "none are registered", "install the package: pip install -e .")
    if left_out := sorted(listed - set(found)):
        return Check(
            "plugins", "missing", f"left out: {', '.join(left_out)}", "the log above says why; mend or uninstall"
        )
    return Check("plugins", "ok", ", ".join(f"{name} {plugin.spec.version}" for name, plugin in found.items()))


def _gpu() -> Check:
    import torch

    if not torch.cuda.is_available():
        return Check("gpu", "optional", "none that torch can use; the CPU serves", "")
    return Check("gpu", "ok", f"{torch.cuda.get_device_name(0)}, CUDA {torch.version.cuda}")


def _ffmpeg() -> Check:
    import av
    import soundfile

    wanted = [name for name in ("aac", "opus", "mp3", "vorbis", "flac") if name not in av.codecs_available]
    detail = f"PyAV {av.__version__}, libsndfile {soundfile.__libsndfile_version__}"
    if wanted:
        return Check(
            "decoders", "optional", f"{detail}, without {', '.join(wanted)}", "pip install --force-reinstall av"
        )
    return Check("decoders", "ok", detail)


def _microphone() -> Check:
    from ..errors import DeviceUnavailable
    from ..sources.portaudio import NO_DEVICE_HINT, find_input, list_devices

    try:
        devices = list_devices()
        default = find_input(devices, None)
    except DeviceUnavailable as error:
        found, _, mend = error.message.partition(": ")
        return Check("microphone", "optional", found, mend or NO_DEVICE_HINT)
    return Check("microphone", "ok", f"{default.name} ({default.host_api}), one of {len(devices)} devices")


def _chromium() -> Check:
    names = ("chromium", "chromium-browser", "google-chrome")
    if path := next(filter(None, map(shutil.which, names)), None):
        return Check("chromium", "ok", f"{path} (for the browser tests)")
    return Check("chromium", "optional", "not found; only the browser tests need it", "apt-get install chromium")
