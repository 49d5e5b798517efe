"""Lane: chunks that do not depend on how the audio came, bounded waiting, and times that name the stream's."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import BadFormat, PluginRaised
from realtime.lane import CAPACITY_S, FILE_ROOM_S, Lane, match_channels

from .rig import ProbeParams, probe, processor, tone, write_hops


class Told:
    """A scheduler and listener that keeps what it is told and steps nothing."""

    def __init__(self):
        self.scheduled, self.removed, self.drained = 0, 0, 0
        self.chunks, self.results, self.faults = [], [], []

    def schedule(self, lane):
        self.scheduled += 1

    def remove(self, lane):
        self.removed += 1

    def on_chunk(self, lane, chunk):
        self.chunks.append(chunk)

    def on_result(self, lane, chunk, event, audio):
        self.results.append(event)

    def on_fault(self, lane, fault):
        self.faults.append(fault)

    def on_drained(self, lane):
        self.drained += 1


def lane_of(plugin=None, *, rate=None, channels=None, live=True):
    spec, told = (plugin or probe()).spec, Told()
    rate, channels = rate or spec.sample_rate, channels or spec.channels
    return Lane(spec, ProbeParams(), 0, told, told, sample_rate=rate, channels=channels, live=live), told


def write(lane, samples, **options):
    lane.write(samples, **({"skipped_s": 0.0, "now_s": 0.0, "deadline_s": 0.0} | options))


@given(st.lists(st.integers(0, 3000), max_size=20), st.sampled_from([8_000, 16_000, 44_100, 48_000]))
def test_chunks_are_the_same_for_any_split_of_the_input(sizes, rate):
    plugin = probe(chunk_samples=400, hop_samples=160)
    samples = tone(rate // 4, rate, channels=2)
    whole, whole_told = lane_of(plugin, rate=rate, channels=2, live=False)
    split, split_told = lane_of(plugin, rate=rate, channels=2, live=False)
    write(whole, samples)
    for block in np.split(samples, np.minimum(np.cumsum(sizes), samples.shape[1]).astype(int), axis=1):
        write(split, block)
    for lane in (whole, split):
        lane.end(skipped_s=0.0, now_s=0.0)
    assert [chunk.end_s for chunk in split_told.chunks] == [chunk.end_s for chunk in whole_told.chunks]
    for mine, theirs in zip(split_told.chunks, whole_told.chunks, strict=True):
        np.testing.assert_array_equal(mine.samples, theirs.samples)


def test_a_chunk_is_dated_with_the_end_of_what_it_holds_and_what_was_lost_before_it():
    lane, told = lane_of(probe(chunk_samples=400, hop_samples=160))
    write(lane, np.zeros((1, 720), np.float32))
    write(lane, np.zeros((1, 160), np.float32), skipped_s=2.0)
    assert [chunk.end_s for chunk in told.chunks] == pytest.approx([0.025, 0.035, 0.045, 2.055])


def test_live_a_chunk_has_at_least_one_hop_s_time():
    lane, told = lane_of()
    write_hops(lane, 1.0, now_s=5.0, deadline_s=5.001)
    write_hops(lane, 1.0, now_s=5.0, deadline_s=5.5)
    assert [chunk.deadline_s for chunk in told.chunks] == pytest.approx([5.01, 5.5])


def test_a_file_s_chunk_has_all_the_time():
    lane, told = lane_of(live=False)
    write_hops(lane, 1.0, deadline_s=0.5)
    assert told.chunks[0].deadline_s == math.inf


def test_a_live_lane_holds_five_seconds_and_counts_what_it_drops():
    lane, _ = lane_of()
    capacity = round(CAPACITY_S / 0.01) + 1
    for _ in range(capacity + 7):
        write_hops(lane, 1.0)
    assert (lane.waiting, lane.dropped_chunks) == (capacity, 7)
    assert lane.take(0.0).index == 7


def test_a_file_s_lane_says_when_it_has_no_room_and_drops_nothing_that_still_comes():
    lane, _ = lane_of(live=False)
    written = 0
    while lane.has_room:
        write_hops(lane, 1.0)
        written += 1
    assert written == round(FILE_ROOM_S / 0.01) + 1
    # What a processor before this one held comes without asking.
    write(lane, np.zeros((1, 40 * 16_000), np.float32))
    lane.end(skipped_s=0.0, now_s=0.0)
    assert (lane.waiting, lane.dropped_chunks) == (written + 4000, 0)


def test_a_file_s_lane_with_tiny_hops_takes_a_long_frame():
    lane, _ = lane_of(probe(chunk_samples=16, hop_samples=16), live=False)
    write(lane, np.zeros((1, 5 * 16_000), np.float32))
    assert lane.waiting == 5000


def test_the_end_of_a_file_fits_behind_a_full_lane_whatever_the_latency():
    lane, _ = lane_of(processor(chunk_samples=48_000, latency_samples=96_000), live=False)
    while lane.has_room:
        write_hops(lane, 1.0)
    write(lane, np.zeros((1, 48_000 + 96_000), np.float32))
    lane.end(skipped_s=0.0, now_s=0.0)
    assert lane.dropped_chunks == 0


@pytest.mark.parametrize(
    ("plugin", "heard"),
    [(probe(), [160]), (processor(sample_rate=16_000, chunk_samples=160, hop_samples=160), [160, 160])],
)
def test_the_end_gives_a_processor_its_last_samples_and_an_analyzer_no_zeros(plugin, heard):
    lane, told = lane_of(plugin)
    write(lane, np.ones((1, 200), np.float32))
    lane.end(skipped_s=0.0, now_s=0.0)
    assert [chunk.samples.shape[1] for chunk in told.chunks] == heard
    if len(heard) == 2:
        assert told.chunks[1].samples.sum() == 40


def test_a_lane_with_nothing_left_at_its_end_says_so_at_once():
    lane, told = lane_of()
    lane.end(skipped_s=0.0, now_s=0.0)
    assert told.drained == 1


def test_a_lane_that_is_being_stepped_at_its_end_says_so_afterwards():
    lane, told = lane_of()
    write_hops(lane, 1.0)
    chunk = lane.take(0.0)
    lane.end(skipped_s=0.0, now_s=0.0)
    assert told.drained == 0
    lane.deliver(chunk, {}, None, 0.0)
    assert told.drained == 1
    assert lane.idle


def test_a_listener_s_late_result_is_told_and_counted():
    lane, told = lane_of()
    write_hops(lane, 1.0)
    lane.deliver(lane.take(0.0), {"a": 1}, None, 0.011)
    assert (told.results, lane.deadline_misses) == ([{"a": 1}], 1)


def test_a_fault_empties_the_lane_and_is_told_once():
    lane, told = lane_of()
    write_hops(lane, 1.0, 2.0)
    lane.take(0.0)
    lane.fail(PluginRaised("it did"))
    lane.fail(PluginRaised("again"))
    write_hops(lane, 3.0)
    assert [fault.message for fault in told.faults] == ["it did"]
    assert (lane.waiting, told.removed, len(told.chunks)) == (0, 1, 2)
    assert lane.has_room
    lane.close()
    assert told.removed == 1


def test_a_processor_s_chunks_are_told_after_a_fault_too_since_they_pass_through():
    lane, told = lane_of(processor())
    lane.fail(PluginRaised("it did"))
    write_hops(lane, 1.0)
    assert (len(told.chunks), lane.waiting) == (1, 0)


def test_a_closed_lane_takes_and_tells_nothing():
    lane, told = lane_of()
    write_hops(lane, 1.0)
    chunk = lane.take(0.0)
    lane.close()
    lane.close()
    write_hops(lane, 2.0)
    lane.deliver(chunk, {}, None, 0.0)
    lane.fail(PluginRaised("late"))
    assert (told.removed, told.results, told.faults, lane.waiting) == (1, [], [], 0)


def test_impossible_formats_are_refused():
    with pytest.raises(BadFormat, match="got 7999"):
        lane_of(rate=7999)


def test_channels_are_mixed_by_their_mean_or_copied():
    stereo = np.array([[1.0, 0.0], [0.0, 0.5]], np.float32)
    np.testing.assert_array_equal(match_channels(stereo, 1), [[0.5, 0.25]])
    np.testing.assert_array_equal(match_channels(stereo[:1], 2), [[1.0, 0.0]] * 2)
    np.testing.assert_array_equal(match_channels(stereo, 3), [[1.0, 0.0], [0.0, 0.5], [0.0, 0.5]])
    assert match_channels(stereo, 2) is stereo
    assert match_channels(stereo, 1).dtype == np.float32
