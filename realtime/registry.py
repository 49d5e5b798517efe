"""Finds the installed plugins.

Invariant: a plugin that cannot be imported or breaks the contract is reported, and hides no other.
"""

from __future__ import annotations

import logging
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .errors import UnknownPlugin
from .plugin import Params, Plugin, PluginSpec

ENTRY_POINT_GROUP = "tectum.plugins"

PluginClass = type[Plugin[Any, Any]]

_log = logging.getLogger(__name__)


@cache
def discover() -> dict[str, PluginClass]:
    """Returns the plugin classes of the entry-point group ``tectum.plugins``, by name and in its order."""
    found: dict[str, PluginClass] = {}
    for entry_point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name):
        try:
            plugin = _load(entry_point)
        except Exception as error:  # Whatever somebody else's module does while it is imported.
            _log.error("plugin %r of %r is left out: %s", entry_point.name, entry_point.value, error)
            continue
        found[plugin.spec.name] = plugin
    return found


def find(name: str) -> PluginClass:
    """Returns the plugin class called ``name``.

    Raises:
        UnknownPlugin: When no installed plugin has that name.
    """
    plugins = discover()
    if name not in plugins:
        raise UnknownPlugin(f"expected one of {', '.join(plugins) or 'no plugins'}, got {name!r}", param="plugins")
    return plugins[name]


def _load(entry_point: EntryPoint) -> PluginClass:
    plugin = entry_point.load()
    if not (isinstance(plugin, type) and issubclass(plugin, Plugin)):
        raise TypeError(f"expected a subclass of Plugin, got {plugin!r}")
    if not isinstance(getattr(plugin, "spec", None), PluginSpec):
        raise TypeError("expected a class attribute spec of type PluginSpec")
    if not issubclass(getattr(plugin, "Params", object), Params):
        raise TypeError("expected a class attribute Params, a subclass of Params")
    if plugin.spec.name != entry_point.name:
        raise TypeError(f"expected the entry point to be named {plugin.spec.name!r}, as the plugin is")
    return plugin
