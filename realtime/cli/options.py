"""Options that several commands share, and how their text becomes values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import BadParam

Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line, instead of text for people.")]
Plugins = Annotated[list[str], typer.Option("--plugin", "-p", help="Plugins to run, comma-separated or repeated.")]
Params = Annotated[
    list[str], typer.Option("--param", help="A plugin's parameter, as plugin.name=value; may be repeated.")
]
Device = Annotated[str | None, typer.Option("--device", help="Where the networks run: auto, cpu or cuda.")]
Models = Annotated[
    Path | None, typer.Option("--models", help="Folder of models that replace those of the same name that ship.")
]
Config = Annotated[Path | None, typer.Option("--config", help="Settings file; ./tectum.toml if it exists.")]


def plugin_names(values: Sequence[str]) -> tuple[str, ...]:
    """Returns the names in ``values``, each of which may hold several with commas; repeats count once."""
    names = (name.strip() for value in values for name in value.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def plugin_params(values: Sequence[str], plugins: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    """Returns each plugin's parameters from texts such as ``genre.interval_s=1``.

    A value is read as JSON where it is JSON, and as text otherwise.

    Raises:
        BadParam: Not of that form, or for a plugin that does not run.
    """
    params: dict[str, dict[str, Any]] = {plugin: {} for plugin in plugins}
    for text in values:
        key, equals, value = text.partition("=")
        plugin, dot, name = key.partition(".")
        if not (equals and dot and name):
            raise BadParam(f"expected --param plugin.name=value, got {text!r}", param=key)
        if plugin not in params:
            raise BadParam(f"expected a parameter of {', '.join(params)}, got {text!r}", param=key)
        params[plugin][name] = _value(value)
    return params


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        return text


def _refuse_constant(text: str) -> None:
    raise ValueError(text)  # NaN and Infinity are not JSON
