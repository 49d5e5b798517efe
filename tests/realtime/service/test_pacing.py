"""The pace of live audio."""

from realtime.service.pacing import LivePacer


def test_audio_at_its_own_pace_always_passes():
    pacer = LivePacer(now_s=0.0)
    assert all(pacer.admits(0.02, now_s=0.02 * index) for index in range(10_000))


def test_a_burst_passes_up_to_the_limit_and_then_again_as_time_goes_by():
    pacer = LivePacer(now_s=0.0, max_ahead_s=1.0)
    assert [pacer.admits(0.4, now_s=0.0) for _ in range(3)] == [True, True, False]
    assert pacer.admits(0.4, now_s=0.3)
    assert not pacer.admits(0.4, now_s=0.3)


def test_time_without_audio_earns_no_more_than_the_limit():
    pacer = LivePacer(now_s=0.0, max_ahead_s=1.0)
    assert [pacer.admits(0.6, now_s=3600.0) for _ in range(2)] == [True, False]
