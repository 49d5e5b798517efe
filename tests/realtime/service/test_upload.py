"""Upload: every byte announced is taken, whatever becomes of it, and what is refused is not kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import BadUpload
from realtime.protocol import MAX_FRAME_BYTES, TargetSet
from realtime.service.upload import PART_DEADLINE_S, UPLOAD_DEADLINE_S, Upload


def upload(size, now_s=0.0):
    return Upload(TargetSet(type="target.set", kind="face", bytes=size), now_s)


@given(st.lists(st.binary(min_size=1, max_size=100), min_size=1, max_size=20))
def test_parts_of_any_size_are_put_together(parts):
    whole = b"".join(parts)
    one = upload(len(whole))
    for part in parts:
        assert not one.complete
        one.add(part, 0.0)
    assert (one.complete, one.refused, one.content) == (True, False, whole)


@given(st.lists(st.integers(0, 2 * MAX_FRAME_BYTES), max_size=12), st.integers(1, 300_000))
def test_it_is_complete_when_as_much_has_come_as_was_announced_and_never_keeps_more(sizes, announced):
    one, received = upload(announced), 0
    for size in sizes:
        bad = size == 0 or size > MAX_FRAME_BYTES or received + size > announced
        if bad and not one.refused:
            with pytest.raises(BadUpload):
                one.add(bytes(size), 0.0)
        else:
            one.add(bytes(size), 0.0)
        received += size
        assert one.complete == (received >= announced)
        assert len(one.content) == (0 if one.refused else received)
        if one.complete:
            break


@pytest.mark.parametrize(
    ("part", "says"),
    [
        (b"", "expected a part of 1 to 65536 bytes and 100000 more in all, got 0"),
        (bytes(MAX_FRAME_BYTES + 1), "got 65537"),
    ],
)
def test_a_part_that_is_none_is_said_once_and_the_rest_is_skipped(part, says):
    one = upload(100_000)
    with pytest.raises(BadUpload) as caught:
        one.add(part, 0.0)
    assert says in caught.value.message
    one.add(part, 0.0)
    one.add(bytes(100_000), 0.0)
    assert (one.complete, one.content) == (True, b"")


def test_every_part_has_its_time_and_all_of_them_have_theirs():
    one = upload(100, now_s=1.0)
    assert one.due_s == 1.0 + PART_DEADLINE_S
    one.add(b"x", 4.0)
    assert one.due_s == 4.0 + PART_DEADLINE_S
    one.add(b"x", UPLOAD_DEADLINE_S)
    assert one.due_s == 1.0 + UPLOAD_DEADLINE_S
