"""Texts of the command line become values."""

from __future__ import annotations

import pytest

from realtime.cli.options import plugin_names, plugin_params
from realtime.errors import BadParam


def test_plugins_come_repeated_or_with_commas_and_count_once() -> None:
    assert plugin_names(["genre,gain", " sounds ", "gain", ""]) == ("genre", "gain", "sounds")


def test_a_parameter_is_json_where_it_is_json_and_text_otherwise() -> None:
    texts = [
        "genre.interval_s=1.5",
        "genre.live=true",
        "gain.mode=soft",
        "gain.curve=[1, 2]",
        "gain.note=a=b",
        "gain.x=NaN",
    ]
    assert plugin_params(texts, ["genre", "gain"]) == {
        "genre": {"interval_s": 1.5, "live": True},
        "gain": {"mode": "soft", "curve": [1, 2], "note": "a=b", "x": "NaN"},
    }


@pytest.mark.parametrize("text", ["genre.interval_s", "interval_s=1", "=1", "genre.=1", "sounds.k=1"])
def test_a_parameter_of_another_form_or_plugin_is_refused(text: str) -> None:
    with pytest.raises(BadParam, match="got") as caught:
        plugin_params([text], ["genre"])
    assert text in caught.value.message
