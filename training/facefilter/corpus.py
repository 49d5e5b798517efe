"""Which recordings there are, who speaks in them, and who is never trained on.

Invariant: a person, or a source recording of noise, is in one part only, whatever the number of files.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SPEECH = ("facevoice", "librispeech", "speechocean762", "voices")
NOISE = ("nonspeech", "urbansound8k", "esc10", "moodist")

SPEAKING = {"children_playing", "things-tuning-radio"}
"""Labels of noise in which somebody speaks up close: a separator must not learn that voices are noise."""


class CorpusError(ValueError):
    """The data folder does not hold what training needs."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One file of the data folder.

    Attributes:
        path: Of the sound, below the data folder.
        corpus: Its folder there; for ``voices`` with the set, as ``voices/msc``.
        kind: ``speech`` or ``noise``.
        person: Speaker, or source recording of a noise: the unit that is never split.
        part: ``train`` or ``valid``.
        sex: ``f``, ``m``, or empty where nobody says.
        face: Path of the picture of the speaker, below the data folder; empty where there is none.
    """

    path: str
    corpus: str
    kind: str
    person: str
    part: str
    sex: str = ""
    face: str = ""

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return Path(self.path).stem


def read_corpus(data: Path) -> tuple[Recording, ...]:
    """Lists every recording of ``data``, in the same order everywhere.

    Raises:
        CorpusError: A folder or its manifest is missing.
    """
    return (*_facevoice(data), *_speech(data), *_noise(data))


def part_of(person: str) -> str:
    """Deals people to train (90 %) and valid (10 %) by a hash of the name, the same everywhere."""
    return "valid" if int(hashlib.sha256(person.encode()).hexdigest(), 16) % 10 == 0 else "train"


def read_manifest(folder: Path) -> list[dict[str, str]]:
    """Returns the rows of a folder's ``manifest.tsv``.

    Raises:
        CorpusError: There is none.
    """
    path = folder / "manifest.tsv"
    if not path.is_file():
        raise CorpusError(f"expected {folder.name}/manifest.tsv in the data folder, got none")
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def _facevoice(data: Path) -> Iterator[Recording]:
    for row in read_manifest(data / "facevoice"):
        clip = row["clip"]
        yield Recording(
            path=f"facevoice/voice/{clip}.opus",
            corpus="facevoice",
            kind="speech",
            person=f"facevoice/{row['identity']}",
            part=row["split"],
            sex=row["sex"],
            face=f"facevoice/face/{clip}.jpg",
        )


def _speech(data: Path) -> Iterator[Recording]:
    for name in SPEECH[1:]:
        for row in read_manifest(data / name):
            corpus = f"{name}/{row['set']}" if "set" in row else name
            person = f"{corpus}/{row['speaker']}"
            sex = row["sex"] or row.get("sex_estimate", "").replace("?", "")
            yield Recording(f"{name}/{row['file']}", corpus, "speech", person, part_of(person), sex)


def _noise(data: Path) -> Iterator[Recording]:
    for name in NOISE:
        for row in read_manifest(data / name):
            label = row.get("label") or row["name"]
            if label not in SPEAKING:
                person = f"{name}/{row.get('source') or row['name']}"
                yield Recording(f"{name}/{row['file']}", name, "noise", person, part_of(person))
