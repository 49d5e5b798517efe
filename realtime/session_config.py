"""What a session is asked to do, checked before anything is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import ValidationError

from .errors import BadParam, UnknownPlugin
from .frames import check_format
from .plugin import Params, Plugin


@dataclass(frozen=True, slots=True)
class PluginConfig:
    """A plugin by name, and the parameters to set; the others keep their defaults."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """One stream and what listens to it.

    Attributes:
        sample_rate: Hz of every frame, 8,000 to 192,000.
        channels: Of every frame, 1 to 8.
        plugins: Analyzers hear the input; processors change it one after another, in this order.
        live: True drops what cannot be done in time and counts it; False makes the writer wait, loses
            nothing and takes the plugins' delay out of the audio.
        reports: Whether ``levels`` and ``stats`` events are wanted.

    Raises:
        BadFormat: On a rate or channel count out of range.
        BadParam: When a plugin is named twice.
    """

    sample_rate: int
    channels: int
    plugins: tuple[PluginConfig, ...] = ()
    live: bool = True
    reports: bool = False

    def __post_init__(self) -> None:
        check_format(self.sample_rate, self.channels)
        check_distinct(self.plugins)


class HasPlugin(Protocol):
    """Something that holds a loaded plugin, as a batcher does."""

    @property
    def plugin(self) -> Plugin[Any, Any]:
        """The plugin."""


def check_distinct(plugins: tuple[PluginConfig, ...]) -> None:
    """Raises BadParam when a plugin is named twice."""
    names = [plugin.name for plugin in plugins]
    for name in names:
        if names.count(name) > 1:
            raise BadParam(f"expected each plugin once, got {name!r} {names.count(name)} times", param="plugins")


def parse_plugins(plugins: tuple[PluginConfig, ...], loaded: Mapping[str, HasPlugin]) -> dict[str, Params]:
    """Returns the parameters of each plugin, in order, defaults filled in.

    Raises:
        UnknownPlugin: On a plugin that is not among ``loaded``.
        BadParam: On a plugin named twice, or a parameter that is unknown, of a wrong type or out of range.
    """
    check_distinct(plugins)
    parsed = {}
    for plugin in plugins:
        if plugin.name not in loaded:
            known = ", ".join(loaded) or "none"
            raise UnknownPlugin(f"expected one of {known}, got {plugin.name!r:.80}", param="plugins")
        parsed[plugin.name] = parse_params(loaded[plugin.name].plugin.Params, plugin)
    return parsed


def parse_params(params_type: type[Params], plugin: PluginConfig) -> Params:
    """Returns the parameters of ``plugin`` with defaults filled in.

    Raises:
        BadParam: On an unknown parameter, a wrong type or a value out of range; ``param`` is ``plugin.field``.
    """
    try:
        return params_type.model_validate(dict(plugin.params))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join([plugin.name, *(str(part) for part in first["loc"])])
        known = ", ".join(params_type.model_fields) or "none"
        hint = f"; parameters are {known}" if first["type"] == "extra_forbidden" else ""
        came = "" if first["type"] == "missing" else f", got {first['input']!r:.60}"
        raise BadParam(f"{where}: {first['msg']}{came}{hint}", param=where) from error
