import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch

import models.export
from realtime import artifacts
from realtime.artifacts import PACKAGED, load_artifact, models_from
from realtime.errors import ArtifactError


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A copy of the packaged models that a test may spoil."""
    return Path(shutil.copytree(PACKAGED, tmp_path / "artifacts"))


def edit_card(directory: Path, **fields: object) -> None:
    path = directory / "genre.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_both_sides_name_the_same_contract_and_place() -> None:
    assert artifacts.CONTRACT == models.export.CONTRACT
    assert models.export.ARTIFACTS == PACKAGED


def test_every_packaged_model_loads_and_has_its_card() -> None:
    names = json.loads((PACKAGED / "manifest.json").read_text())
    assert "genre" in names
    for name in names:
        artifact = load_artifact(name, "cpu", methods=())
        assert artifact.card.name == name
        assert artifact.card.licence and artifact.card.data and artifact.card.limits and artifact.card.figures
        if not hasattr(artifact.module, "init_state"):
            continue  # It embeds a picture or a sample at once.
        x = torch.zeros(2, artifact.card.chunk_samples)
        _, state = artifact.module(x, artifact.module.init_state(2))
        assert len(state) == 2


def test_a_name_outside_the_manifest_is_unknown(directory: Path) -> None:
    shutil.copy(directory / "genre.ts", directory / "other.ts")
    shutil.copy(directory / "genre.json", directory / "other.json")
    with pytest.raises(ArtifactError, match="got 'other'"):
        load_artifact("other", "cpu", directory)


@pytest.mark.parametrize("missing", ["genre.ts", "genre.json", "manifest.json"])
def test_a_missing_file_is_named(directory: Path, missing: str) -> None:
    (directory / missing).unlink()
    with pytest.raises(ArtifactError, match=missing):
        load_artifact("genre", "cpu", directory)


def test_one_flipped_bit_is_refused_before_it_is_deserialised(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = directory / "genre.ts"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    opened: list[object] = []
    monkeypatch.setattr(torch.jit, "load", opened.append)
    with pytest.raises(ArtifactError, match=r"expected sha256 .* from its file"):
        load_artifact("genre", "cpu", directory)
    assert opened == []


def test_a_card_of_another_file_is_refused(directory: Path) -> None:
    edit_card(directory, sha256="0" * 64)
    with pytest.raises(ArtifactError, match="from its card"):
        load_artifact("genre", "cpu", directory)


def test_another_contract_is_refused(directory: Path) -> None:
    edit_card(directory, contract="tectum.artifact/2")
    with pytest.raises(ArtifactError, match=r"expected contract tectum\.artifact/1"):
        load_artifact("genre", "cpu", directory)


@pytest.mark.parametrize("field", [{"chunk_samples": 0}, {"labels": 3}, {"surprise": 1}])
def test_a_card_that_is_not_one_is_refused(directory: Path, field: dict[str, object]) -> None:
    edit_card(directory, **field)
    with pytest.raises(ArtifactError, match=next(iter(field))):
        load_artifact("genre", "cpu", directory)


@pytest.mark.parametrize("manifest", ["{", "[]", '{"genre": 1}'])
def test_a_broken_manifest_is_refused(directory: Path, manifest: str) -> None:
    (directory / "manifest.json").write_text(manifest)
    with pytest.raises(ArtifactError, match=r"manifest\.json"):
        load_artifact("genre", "cpu", directory)


def test_a_vouched_file_that_is_no_model_is_refused(directory: Path) -> None:
    content = b"not a model"
    digest = hashlib.sha256(content).hexdigest()
    (directory / "genre.ts").write_bytes(content)
    (directory / "manifest.json").write_text(json.dumps({"genre": digest}))
    edit_card(directory, sha256=digest)
    with pytest.raises(ArtifactError, match="expected TorchScript"):
        load_artifact("genre", "cpu", directory)


def test_a_model_of_a_named_folder_replaces_the_packaged_one_while_the_block_runs(directory: Path) -> None:
    edit_card(directory, version="9.9.9")
    with models_from(directory):
        assert load_artifact("genre", "cpu").card.version == "9.9.9"
    assert load_artifact("genre", "cpu").card.version != "9.9.9"


def test_a_model_that_the_named_folder_has_not_is_the_packaged_one(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"another": "00"}')
    with models_from(tmp_path):
        assert load_artifact("genre", "cpu").card.name == "genre"


def test_a_file_that_the_manifest_of_the_named_folder_forgot_is_refused(directory: Path) -> None:
    (directory / "manifest.json").write_text("{}")
    with models_from(directory), pytest.raises(ArtifactError, match="got 'genre'"):
        load_artifact("genre", "cpu")


@pytest.mark.parametrize("manifest", [None, "[]", "no JSON"])
def test_a_named_folder_without_a_manifest_is_refused_at_once(tmp_path: Path, manifest: str | None) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(ArtifactError, match=r"manifest\.json"), models_from(tmp_path):
        pytest.fail("the block must not run")


def test_the_named_folder_is_checked_against_its_own_manifest(directory: Path) -> None:
    content = (directory / "genre.ts").read_bytes()
    (directory / "genre.ts").write_bytes(content[:-1])
    with models_from(directory), pytest.raises(ArtifactError, match=r"expected sha256 .* from its file"):
        load_artifact("genre", "cpu")
