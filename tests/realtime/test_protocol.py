"""The wire format: what passes comes through unchanged, and whatever else comes ends in a typed error."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from realtime.errors import BadFrame, BadInput, BadMessage
from realtime.protocol import (
    AudioFormat,
    EndOfStream,
    PcmFormat,
    Ping,
    SessionUpdate,
    TargetClear,
    TargetSet,
    encode_event,
    parse_message,
)

FORMATS = st.builds(
    AudioFormat, format=st.sampled_from(["s16le", "f32le"]), sample_rate=st.integers(8_000, 48_000),
    channels=st.integers(1, 2),
)  # fmt: skip
LEVELS = st.floats(-1.0, 0.999755859375, width=32)


@given(audio=FORMATS, data=st.data())
def test_what_is_encoded_decodes_to_the_same_within_a_step(audio, data):
    samples = data.draw(hnp.arrays(np.float32, st.tuples(st.just(audio.channels), st.integers(1, 64)), elements=LEVELS))
    frame = audio.decode(audio.encode(samples), pts=5)
    step = 0.5 / 32768 if audio.format == "s16le" else 0.0
    assert (frame.sample_rate, frame.pts, frame.samples.shape) == (audio.sample_rate, 5, samples.shape)
    np.testing.assert_allclose(frame.samples, samples, atol=step, rtol=0)


@given(data=st.binary(min_size=2, max_size=64).filter(lambda data: len(data) % 2 == 0))
def test_every_s16_frame_comes_back_bit_for_bit(data):
    audio = AudioFormat(format="s16le", sample_rate=16_000)
    assert audio.encode(audio.decode(data, 0).samples) == data


def test_s16_clips_instead_of_wrapping():
    audio = AudioFormat(format="s16le", sample_rate=16_000)
    assert np.frombuffer(audio.encode(np.array([[2.0, -2.0, 1.0]], np.float32)), "<i2").tolist() == [
        32767,
        -32768,
        32767,
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "1 to 65536 bytes, got 0"),
        (b"abc", "a multiple of 8 bytes"),
        (bytes(65_544), "got 65544"),
        (np.array([0.0, np.nan], "<f4").tobytes(), "finite"),
        (np.array([np.inf, 0.0], "<f4").tobytes(), "finite"),
    ],
    ids=["empty", "odd", "oversized", "nan", "infinity"],
)
def test_a_bad_frame_says_what_was_expected(data, expected):
    with pytest.raises(BadFrame, match=expected):
        AudioFormat(format="f32le", sample_rate=16_000, channels=2).decode(data, 0)


def test_messages_become_values():
    update = parse_message(
        '{"type":"session.update","audio":{"sample_rate":16000},"plugins":[{"name":"genre","params":{"top":3}}]}'
    )
    assert isinstance(update, SessionUpdate)
    assert update.audio == AudioFormat(format="s16le", sample_rate=16_000, channels=1, mode="live")
    assert [(plugin.name, plugin.params) for plugin in update.plugin_configs] == [("genre", {"top": 3})]
    assert isinstance(parse_message('{"type":"end_of_stream"}'), EndOfStream)
    assert parse_message('{"type":"ping","id":3}') == Ping(type="ping", id=3)


def test_whom_to_keep_becomes_a_value():
    face = parse_message('{"type":"target.set","kind":"face","bytes":7,"index":1,"plugin":"facefilter"}')
    assert face == TargetSet(type="target.set", kind="face", bytes=7, index=1, plugin="facefilter")
    voice = parse_message('{"type":"target.set","kind":"voice","bytes":8,"audio":{"sample_rate":16000}}')
    assert isinstance(voice, TargetSet)
    assert voice.audio == PcmFormat(format="s16le", sample_rate=16_000, channels=1)
    assert parse_message('{"type":"target.clear"}') == TargetClear(type="target.clear", kind=None)


@pytest.mark.parametrize(
    ("text", "param"),
    [
        ("", None),
        ("{", None),
        ("[]", "type"),
        ('{"type":"dance"}', "type"),
        ('{"type":"ping","id":NaN}', None),
        ('{"type":"ping","id":"1"}', "id"),
        ('{"type":"target.set","kind":"face"}', "bytes"),
        ('{"type":"target.set","bytes":1}', "kind"),
        ('{"type":"target.set","kind":"voice","bytes":1,"index":0}', "index"),
        ('{"type":"target.set","kind":"face","bytes":1,"audio":{"sample_rate":16000}}', "audio"),
        ('{"type":"target.clear","kind":"both"}', "kind"),
        ('{"type":"end_of_stream","now":true}', "now"),
        ('{"type":"session.update","audio":{"sample_rate":4000}}', "audio.sample_rate"),
        ('{"type":"session.update","audio":{"sample_rate":1e99}}', "audio.sample_rate"),
        ('{"type":"session.update","audio":{"sample_rate":16000,"channels":99}}', "audio.channels"),
        ('{"type":"session.update","audio":{"sample_rate":16000,"format":"mp3"}}', "audio.format"),
        ('{"type":"session.update","plugins":{"genre":{}}}', "plugins"),
        ("[" * 60_000, None),
        ('{"type":"ping","x":"' + "x" * 70_000 + '"}', None),
    ],
    ids=lambda value: str(value)[:48],
)
def test_a_bad_message_names_the_field_at_fault(text, param):
    with pytest.raises(BadMessage) as caught:
        parse_message(text)
    assert caught.value.param == param
    assert len(caught.value.message) < 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(text=st.text() | JSON.map(json.dumps))
def test_any_text_is_a_message_or_a_typed_error(text):
    try:
        parse_message(text)
    except BadInput:
        pass


@given(
    kind=st.sampled_from(["session.update", "ping", "end_of_stream"]),
    fields=st.dictionaries(st.sampled_from(["audio", "plugins", "id", "type"]), JSON),
)
def test_any_fields_are_a_message_or_a_typed_error(kind, fields):
    try:
        parse_message(json.dumps({"type": kind} | fields))
    except BadInput:
        pass


@given(data=st.binary(max_size=128), audio=FORMATS)
def test_any_bytes_are_a_frame_or_a_typed_error(data, audio):
    try:
        assert np.isfinite(audio.decode(data, 0).samples).all()
    except BadInput:
        pass


def test_events_are_strict_json():
    assert encode_event({"type": "levels", "rms_db": -3.0}) == '{"type":"levels","rms_db":-3.0}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode_event({"value": float("nan")})
