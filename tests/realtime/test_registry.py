"""The registry: installed plugins are found, and a broken one hides no other."""

import logging
from importlib.metadata import EntryPoint

import pytest

from realtime import registry
from realtime.errors import UnknownPlugin
from realtime.plugin import Plugin
from realtime.plugins.facefilter import FacefilterPlugin
from realtime.plugins.gain import GainPlugin
from realtime.plugins.genre import GenrePlugin
from realtime.registry import ENTRY_POINT_GROUP, discover, find

from .rig import Probe


class NoSpec(Plugin):
    Params = GainPlugin.Params


class NoParams(Plugin):
    spec = GainPlugin.spec
    Params = dict


@pytest.fixture
def installed(monkeypatch):
    """Makes entry points of the given names and values the installed ones."""

    def install(**values: str) -> None:
        entries = [EntryPoint(name, value, ENTRY_POINT_GROUP) for name, value in values.items()]
        monkeypatch.setattr(registry, "entry_points", lambda group: entries)
        discover.cache_clear()

    yield install
    monkeypatch.undo()
    discover.cache_clear()


def test_the_plugins_that_ship_are_found():
    discover.cache_clear()
    shipped = {"facefilter": FacefilterPlugin, "gain": GainPlugin, "genre": GenrePlugin}
    assert shipped.items() <= discover().items()
    assert find("gain") is GainPlugin


def test_a_plugin_that_is_not_installed_is_named_with_those_that_are(installed):
    installed(gain="realtime.plugins.gain:GainPlugin")
    with pytest.raises(UnknownPlugin, match="expected one of gain, got 'gian'") as caught:
        find("gian")
    assert caught.value.param == "plugins"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("no_such_module:Thing", "No module named 'no_such_module'"),
        ("realtime.plugins.gain:NoSuchThing", "has no attribute 'NoSuchThing'"),
        ("realtime.plugins.gain:HOP_SAMPLES", "expected a subclass of Plugin, got 480"),
        (f"{__name__}:NoSpec", "expected a class attribute spec of type PluginSpec"),
        (f"{__name__}:NoParams", "expected a class attribute Params, a subclass of Params"),
        ("realtime.plugins.genre:GenrePlugin", "expected the entry point to be named 'genre'"),
    ],
)
def test_a_broken_plugin_is_reported_and_hides_no_other(installed, caplog, value, says):
    installed(broken=value, gain="realtime.plugins.gain:GainPlugin")
    with caplog.at_level(logging.ERROR):
        assert discover() == {"gain": GainPlugin}
    assert "plugin 'broken'" in caplog.text
    assert says in caplog.text


def test_plugins_come_in_the_order_of_their_names(installed):
    installed(genre="realtime.plugins.genre:GenrePlugin", gain="realtime.plugins.gain:GainPlugin")
    assert list(discover()) == ["gain", "genre"]


def test_a_probe_is_a_plugin_class():
    assert issubclass(Probe, Plugin)
