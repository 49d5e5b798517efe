"""Loads the models that ship with the service, and nothing else.

Invariant: bytes reach the deserialiser only after their sha256 agreed with the packaged manifest. Callers see a
streaming module and a card, never the file format.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import ArtifactError

CONTRACT = "tectum.artifact/1"
PACKAGED = Path(__file__).parents[1] / "models" / "artifacts"


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


def load_artifact(name: str, device: torch.device | str, directory: Path | None = None) -> Artifact:
    """Loads a packaged model.

    Args:
        name: As in the manifest.
        device: Where the module shall run.
        directory: Holds ``manifest.json``, ``<name>.ts`` and ``<name>.json``; the packaged ones by default.

    Raises:
        ArtifactError: The model is unknown, missing, altered, or written for another contract.
    """
    directory = directory or PACKAGED
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
    return Artifact(_deserialise(content, name, torch.device(device)), card)


def _deserialise(content: bytes, name: str, device: torch.device) -> StreamingModule:
    try:
        # Not frozen: it gained 2 us of 92 a step, and would tie the constants to one device.
        module = torch.jit.load(io.BytesIO(content), map_location=device).eval()  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError) as error:
        raise ArtifactError(f"expected TorchScript in the model {name!r}, got: {error}") from error
    if not hasattr(module, "init_state"):
        raise ArtifactError(f"expected a streaming module with init_state in the model {name!r}, got none")
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
