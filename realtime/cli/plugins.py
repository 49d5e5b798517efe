"""``tectum plugins``: what is installed, how it wants its audio, what can be set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .options import Json
from .output import print_json, reported

if TYPE_CHECKING:
    from ..registry import PluginClass


def plugins(as_json: Json = False) -> None:
    """List the installed plugins and their parameters."""
    from dataclasses import asdict

    from ..registry import discover

    with reported(as_json):
        found = discover()
        for plugin in found.values():
            if as_json:
                print_json(asdict(plugin.spec) | {"params_schema": plugin.Params.model_json_schema()})
            else:
                _print_plugin(plugin)


def _print_plugin(plugin: PluginClass) -> None:
    from rich.console import Console
    from rich.table import Table

    spec = plugin.spec
    console = Console(highlight=False)
    console.print(f"[bold]{spec.name}[/] {spec.version} ({spec.kind}, {spec.sample_rate} Hz)  {spec.description}")
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, field in plugin.Params.model_json_schema()["properties"].items():
        table.add_row(f"{spec.name}.{name}", f"{field.get('default')}{_unit(field)}", _range(field), _about(field))
    console.print(table)


def _unit(field: dict[str, Any]) -> str:
    return f" {field['unit']}" if "unit" in field else ""


def _range(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(map(str, field["enum"]))
    low, high = (field.get(key) for key in ("minimum", "maximum"))
    return f"{low} to {high}" if low is not None and high is not None else str(field.get("type", ""))


def _about(field: dict[str, Any]) -> str:
    return str(field.get("description") or field.get("title") or "")
