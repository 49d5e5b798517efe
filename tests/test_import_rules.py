"""The design's import rules, read from the syntax tree of every file.

``realtime`` never imports ``models`` or ``training``; ``models`` imports neither of the others; ``training`` imports
``models`` only; inside a package imports are relative; the pure core knows no task, thread, socket, device or clock.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
MAY_IMPORT = {"realtime": set(), "models": set(), "training": {"models"}}
PURE_CORE = ("frames", "ring_buffer", "chunker", "resampler", "bounded_queue", "errors", "protocol", "service/protocol")
IMPURE = {"aiortc", "asyncio", "pyaudio", "queue", "socket", "starlette", "threading", "time", "uvicorn", "websockets"}


def absolute_imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yields the line and the top-level name of each absolute import, at any depth of the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.split(".")[0]


def escapes(tree: ast.AST, depth: int) -> Iterator[int]:
    """Yields the line of each relative import that climbs out of the package of a file ``depth`` folders deep."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level > depth:
            yield node.lineno


def violations(package: str, path: str, source: str) -> list[str]:
    """Returns what breaks the rules in a file at ``path`` below ``package``."""
    tree = ast.parse(source, path)
    forbidden = set(MAY_IMPORT) - MAY_IMPORT[package]
    found = [f"{path}:{line} imports {name}" for line, name in absolute_imports(tree) if name in forbidden]
    found += [f"{path}:{line} leaves {package}" for line in escapes(tree, depth=len(Path(path).parts) - 1)]
    if package == "realtime" and Path(path).with_suffix("").relative_to(package).as_posix() in PURE_CORE:
        found += [f"{path}:{line} imports {name}, impure" for line, name in absolute_imports(tree) if name in IMPURE]
    return found


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_the_package_keeps_the_rules(package):
    files = sorted((REPOSITORY / package).rglob("*.py"))
    assert files
    found = [
        line
        for file in files
        for line in violations(package, str(file.relative_to(REPOSITORY)), file.read_text("utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("package", "path", "source"),
    [
        ("realtime", "realtime/engine.py", "from models.genre import net"),
        ("realtime", "realtime/engine.py", "def f():\n    import training.genre"),
        ("realtime", "realtime/engine.py", "from realtime.frames import AudioFrame"),
        ("realtime", "realtime/engine.py", "from ..models import export"),
        ("realtime", "realtime/frames.py", "import asyncio"),
        ("models", "models/export.py", "import realtime"),
        ("models", "models/export.py", "import training"),
        ("training", "training/genre/train.py", "from realtime import artifacts"),
        ("training", "training/genre/train.py", "from ...models import mfcc"),
    ],
)
def test_a_violation_is_found(package, path, source):
    assert violations(package, path, source)


@pytest.mark.parametrize(
    ("package", "path", "source"),
    [
        ("realtime", "realtime/engine.py", "import asyncio\nfrom .frames import AudioFrame"),
        ("realtime", "realtime/sources/file.py", "from ..frames import AudioFrame"),
        ("training", "training/genre/train.py", "from models.mfcc import Mfcc"),
    ],
)
def test_what_the_rules_allow_is_allowed(package, path, source):
    assert violations(package, path, source) == []
