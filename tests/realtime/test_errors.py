"""The error tree: every error has a code of its own kind, for the wire and for HTTP."""

import re

import pytest

from realtime import errors
from realtime.errors import BadInput, BadParam, PluginFault, Refused, TectumError


def tree(cls: type[TectumError]) -> list[type[TectumError]]:
    return [cls, *(found for child in cls.__subclasses__() for found in tree(child))]


def test_codes_are_stable_distinct_words():
    codes = [cls.code for cls in tree(TectumError) if cls.__module__ == errors.__name__]
    assert len(codes) == len(set(codes)) > 15
    assert all(re.fullmatch(r"[a-z_]+", code) for code in codes)


def test_the_docstring_draws_every_error():
    for cls in tree(TectumError):
        if cls.__module__ == errors.__name__:
            assert re.search(rf"\b{cls.__name__}\b", errors.__doc__), cls


@pytest.mark.parametrize(("root", "close_code"), [(BadInput, 1008), (Refused, None), (PluginFault, 1011)])
def test_close_codes_are_those_of_the_design(root, close_code):
    for cls in tree(root):
        assert cls.close_code in ({close_code} if close_code else {1008, 1013, 4401})
        assert 400 <= cls.http_status < 600


def test_an_error_becomes_an_event():
    error = BadParam("expected a gain of -60 to 20 dB, got 99", param="gain.gain_db")
    assert error.to_event() == {
        "type": "error",
        "code": "bad_param",
        "message": "expected a gain of -60 to 20 dB, got 99",
        "param": "gain.gain_db",
    }
    assert str(error) == error.message
