"""Loads the models that ship with the service, or those of a folder that its owner named, and nothing else.

Invariant: bytes reach the deserialiser only after their sha256 agreed with the manifest of their folder. Callers see a
streaming module and a card, never the file format.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import ArtifactError

CONTRACT = "tectum.artifact/1"
PACKAGED = Path(__file__).parents[1] / "models" / "artifacts"

_log = logging.getLogger(__name__)

# A variable of the context, so that two engines of a process may have different models, and a plugin need not know.
_owners: ContextVar[Path | None] = ContextVar("owners", default=None)


class StreamingModule(Protocol):
    """A loaded network: ``init_state(batch)`` and ``(x, state) -> (y, state)``, no state of its own."""

    def init_state(self, batch_size: int) -> torch.Tensor:
        """Returns the state ``[B, N]`` of streams that have heard nothing."""
        ...

    def __call__(self, x: torch.Tensor, state: torch.Tensor) -> tuple[Any, torch.Tensor]:
        """Advances every stream by the frames in ``x``."""
        ...


class ArtifactCard(BaseModel):
    """What a model is, where it comes from and how far it can be trusted; the ``.json`` beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contract: str
    name: str
    version: str
    sha256: str
    sample_rate: int = Field(gt=0)
    channels: int = Field(gt=0)
    chunk_samples: int = Field(gt=0)
    hop_samples: int = Field(gt=0)
    latency_samples: int = Field(ge=0)
    labels: tuple[str, ...]
    architecture: str
    data: tuple[str, ...]
    protocol: str
    figures: dict[str, Any]
    limits: tuple[str, ...]
    licence: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model ready to run.

    Attributes:
        module: On the device asked for, in evaluation mode.
        card: Its card.
    """

    module: StreamingModule
    card: ArtifactCard


@contextmanager
def models_from(directory: Path | None) -> Iterator[None]:
    """Lets the models of ``directory`` replace the packaged ones of the same name while the block runs.

    Args:
        directory: Holds ``manifest.json`` and, for each name in it, ``<name>.ts`` and ``<name>.json``; None replaces
            nothing.

    Raises:
        ArtifactError: There is no manifest, or it is not one.
    """
    if directory is not None:
        _manifest(directory)
    token = _owners.set(directory)
    try:
        yield
    finally:
        _owners.reset(token)


def load_artifact(
    name: str, device: torch.device | str, directory: Path | None = None, methods: Sequence[str] = ("init_state",)
) -> Artifact:
    """Loads a model.

    Args:
        name: As in the manifest.
        device: Where the module shall run.
        directory: Holds ``manifest.json``, ``<name>.ts`` and ``<name>.json``; by default that of ``models_from``
            where it has a model of this name, and else the packaged one.
        methods: What the module must have; by default what every streaming one has.

    Raises:
        ArtifactError: The model is unknown, missing, altered, or written for another contract.
    """
    directory = directory or _directory_of(name)
    expected = _manifest(directory).get(name)
    if expected is None:
        raise ArtifactError(f"expected a model of {directory / 'manifest.json'}, got {name!r}", param="name")
    card = _card(directory, name)
    content = _read(directory / f"{name}.ts")
    digest = hashlib.sha256(content).hexdigest()
    for origin, value in (("card", card.sha256), ("file", digest)):
        if value != expected:
            raise ArtifactError(
                f"expected sha256 {expected} for the model {name!r}, got {value} from its {origin}", param="sha256"
            )
    return Artifact(_deserialise(content, name, torch.device(device), methods), card)


def _directory_of(name: str) -> Path:
    owners = _owners.get()
    if owners is None:
        return PACKAGED
    # A file that the manifest forgot shall be refused, not passed over for another model.
    if name in _manifest(owners) or (owners / f"{name}.ts").exists():
        _log.info("the model %r is that of %s", name, owners)
        return owners
    return PACKAGED


def _deserialise(content: bytes, name: str, device: torch.device, methods: Sequence[str]) -> StreamingModule:
    try:
        # Not frozen: it gained 2 us of 92 a step, and would tie the constants to one device.
        module = torch.jit.load(io.BytesIO(content), map_location=device).eval()  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError) as error:
        raise ArtifactError(f"expected TorchScript in the model {name!r}, got: {error}") from error
    for method in methods:
        if not hasattr(module, method):
            raise ArtifactError(f"expected the method {method} of the model {name!r}, got a module without")
    streaming: StreamingModule = module
    return streaming


def _manifest(directory: Path) -> dict[str, str]:
    try:
        manifest = json.loads(_read(directory / "manifest.json"))
    except ValueError as error:
        raise ArtifactError(f"expected JSON in {directory / 'manifest.json'}, got: {error}") from error
    if not isinstance(manifest, dict) or not all(isinstance(value, str) for value in manifest.values()):
        raise ArtifactError(f"expected a JSON object of sha256 by name in {directory / 'manifest.json'}")
    return manifest


def _card(directory: Path, name: str) -> ArtifactCard:
    try:
        card = ArtifactCard.model_validate_json(_read(directory / f"{name}.json"))
    except ValidationError as error:
        raise ArtifactError(f"expected the card of contract {CONTRACT} for {name!r}, got: {error}") from error
    if card.contract != CONTRACT or card.name != name:
        raise ArtifactError(
            f"expected contract {CONTRACT} and name {name!r}, got {card.contract!r} and {card.name!r}", param="contract"
        )
    return card


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactError(f"expected a model file at {path}, got: {error.strerror}", param="name") from error
