"""What a session is asked to do is checked by name, with what was expected and what came."""

from types import SimpleNamespace

import pytest

from realtime.errors import BadFormat, BadParam, UnknownPlugin
from realtime.plugins.gain import GainParams, GainPlugin
from realtime.session_config import PluginConfig, SessionConfig, parse_params, parse_plugins

from .rig import ProbeParams, probe

LOADED = {"gain": SimpleNamespace(plugin=GainPlugin), "probe": SimpleNamespace(plugin=probe())}


def test_plugins_are_parsed_in_their_order_with_defaults_filled_in():
    parsed = parse_plugins((PluginConfig("probe", {"gain": 2}), PluginConfig("gain")), LOADED)
    assert list(parsed.items()) == [("probe", ProbeParams(gain=2.0)), ("gain", GainParams(gain_db=0.0))]


def test_a_plugin_that_is_not_loaded_is_refused_with_those_that_are():
    with pytest.raises(UnknownPlugin, match="expected one of gain, probe, got 'reverb'") as caught:
        parse_plugins((PluginConfig("reverb"),), LOADED)
    assert caught.value.param == "plugins"


def test_a_plugin_named_twice_is_refused():
    with pytest.raises(BadParam, match="expected each plugin once, got 'gain' 2 times"):
        SessionConfig(48_000, 1, (PluginConfig("gain"), PluginConfig("gain")))
    with pytest.raises(BadParam, match="got 'gain' 2 times"):
        parse_plugins((PluginConfig("gain"), PluginConfig("gain")), LOADED)


@pytest.mark.parametrize(("rate", "channels"), [(1, 1), (10**9, 1), (48_000, 0), (48_000, 100)])
def test_absurd_formats_are_refused(rate, channels):
    with pytest.raises(BadFormat):
        SessionConfig(rate, channels)


@pytest.mark.parametrize(
    ("params", "param", "says"),
    [
        ({"gain_db": 99}, "gain.gain_db", "less than or equal to 20, got 99"),
        ({"gain_db": "loud"}, "gain.gain_db", "valid number.*, got 'loud'"),
        ({"gain_db": float("nan")}, "gain.gain_db", "finite number, got nan"),
        ({"volume": 1}, "gain.volume", "got 1; parameters are gain_db"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(params, param, says):
    with pytest.raises(BadParam, match=says) as caught:
        parse_params(GainParams, PluginConfig("gain", params))
    assert caught.value.param == param


def test_what_came_is_quoted_short():
    with pytest.raises(BadParam) as caught:
        parse_params(GainParams, PluginConfig("gain", {"gain_db": "x" * 100_000}))
    assert len(caught.value.message) < 300
