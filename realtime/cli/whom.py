"""The options that say whose voice to keep, and how a picture and a sample named there become a target.

Invariant: no more of a file is read than the encoder takes, and nothing of the person is printed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import BadParam, BadPicture

if TYPE_CHECKING:
    from ..targets.target import Target

PLUGIN = "facefilter"
"""The plugin that ``--strength`` and ``--target`` are parameters of."""

Face = Annotated[
    Path | None, typer.Option("--face", metavar="PICTURE", help="Keep the voice of this face: a JPEG, PNG or WEBP.")
]
FaceIndex = Annotated[
    int | None, typer.Option("--face-index", min=0, help="Which face of the picture, from the left, from 0.")
]
Voice = Annotated[
    Path | None, typer.Option("--voice", metavar="AUDIO", help="Keep this voice: a recording with a second or more.")
]
Strength = Annotated[
    float | None, typer.Option("--strength", help="How much of all else is taken away, 0 to 1.  [default: 1]")
]
By = Annotated[str | None, typer.Option("--target", help="Go by the face, the voice or both.  [default: both]")]


@dataclass(frozen=True, slots=True)
class Whom:
    """What the options said.

    Attributes:
        face: A picture.
        face_index: Which of its faces.
        voice: A recording.

    Raises:
        BadParam: An index without a picture.
    """

    face: Path | None = None
    face_index: int | None = None
    voice: Path | None = None

    def __post_init__(self) -> None:
        if self.face_index is not None and self.face is None:
            raise BadParam("expected --face with --face-index, got no picture", param="face")

    @property
    def given(self) -> bool:
        """Whether they said anything."""
        return self.face is not None or self.voice is not None

    async def encode(self, models: Path | None) -> tuple[Target, dict[str, Any]]:
        """Returns the target, and what was found in its files, for the summary.

        Args:
            models: Folder of models that replace the packaged ones.

        Raises:
            BadTarget: A file that cannot be read, or what is wrong with what it shows.
            BadParam: There is no face of that index.
            ArtifactError: A model is missing.
        """
        from ..targets.encoder import TargetEncoder
        from ..targets.sample_file import read_sample
        from ..targets.speech import SAMPLE_RATE
        from ..targets.target import Target

        face = voice = None
        found: dict[str, Any] = {}
        async with TargetEncoder(models) as encoder:
            if self.face is not None:
                content = await asyncio.to_thread(_read, self.face)
                seen = await encoder.encode_face(content, self.face_index)
                face = seen.embedding
                found["face"] = {"path": str(self.face), "box": list(seen.box), "faces": len(seen.faces)}
            if self.voice is not None:
                # As trustworthy as IN, and read as IN is: here, whatever its size.
                sample = await asyncio.to_thread(read_sample, self.voice)
                heard = await encoder.encode_samples(sample.samples[None], SAMPLE_RATE)
                voice = heard.embedding
                found["voice"] = {"path": str(self.voice), "seconds": round(heard.seconds, 2), "cut": sample.cut}
        return Target(face, voice), found


def whom_params(whom: Whom, strength: float | None, by: str | None, params: Mapping[str, dict[str, Any]]) -> None:
    """Adds ``--strength`` and ``--target`` to the parameters of the plugin that has them.

    Raises:
        BadParam: The plugin does not run, or ``by`` names what was not given.
    """
    given = {name: value for name, value in (("strength", strength), ("target", by)) if value is not None}
    flags = [*(f"--{name}" for name in given), *(f"--{name}" for name in ("face", "voice") if getattr(whom, name))]
    if flags and PLUGIN not in params:
        raise BadParam(
            f"expected --plugin {PLUGIN} with {' and '.join(flags)}, got {', '.join(params) or 'none'}", param="plugin"
        )
    for name in ("face", "voice"):
        if by == name and getattr(whom, name) is None:
            raise BadParam(f"expected --{name} with --target {name}, got none", param=name)
    if given:
        params[PLUGIN].update(given)


def _read(path: Path) -> bytes:
    """Returns the bytes of a picture; one more than allowed where there are more, which the encoder then refuses."""
    from ..targets.pictures import MAX_PICTURE_BYTES

    try:
        with path.open("rb") as file:
            return file.read(MAX_PICTURE_BYTES + 1)
    except OSError as error:
        raise BadPicture(f"expected a picture, got {path}: {error.strerror}", param="face") from error
