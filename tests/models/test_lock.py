import pytest
import torch
from torch import Tensor

from models.lock import FRAMES_PER_S, Lock

SIZE = 8
LOCK = torch.jit.script(Lock(SIZE).eval())
A, B, C = torch.eye(SIZE)[:3]


class Stream:
    """One stream whose separator says what a test makes up."""

    def __init__(self, lock: torch.nn.Module = LOCK) -> None:
        self.lock = lock
        self.memory = torch.zeros(1, SIZE + 3)

    def hear(
        self, seconds: float, voice: Tensor = A, present: float = 1.0, confidence: float = 0.95, wanted: float = 1.0
    ) -> None:
        said = [torch.tensor([[value]]) for value in (present, confidence, wanted)]
        for _ in range(round(seconds * FRAMES_PER_S)):
            self.memory = self.lock(self.memory, voice[None], *said)

    @property
    def locked(self) -> bool:
        return bool(self.lock.voice(self.memory)[1])

    @property
    def voice(self) -> Tensor:
        return self.lock.voice(self.memory)[0][0]

    @property
    def forgot(self) -> bool:
        """Whether nothing is known of a voice."""
        return not bool(self.memory[0, : SIZE + 1].any())


def test_it_locks_after_enough_sure_frames_and_not_before() -> None:
    stream = Stream()
    stream.hear(2.49)
    assert not stream.locked
    stream.hear(0.02)
    assert stream.locked
    torch.testing.assert_close(stream.voice, A)


def test_it_locks_on_the_mean_of_what_it_was_sure_of() -> None:
    stream = Stream()
    near = torch.nn.functional.normalize(A + 0.5 * B, dim=0)
    for _ in range(150):
        stream.hear(0.01, A)
        stream.hear(0.01, near)
    assert stream.locked
    torch.testing.assert_close(stream.voice, torch.nn.functional.normalize(A + near, dim=0), atol=1e-4, rtol=0)


@pytest.mark.parametrize("said", [{"confidence": 0.85}, {"confidence": 0.5}, {"present": 0.0}, {"present": 0.1}])
def test_what_is_unsure_is_never_locked_on(said: dict[str, float]) -> None:
    stream = Stream()
    stream.hear(20.0, **said)
    assert not stream.locked


def test_frames_that_are_unsure_say_nothing_of_the_voice() -> None:
    stream = Stream()
    for _ in range(300):
        stream.hear(0.01, A, confidence=0.99)
        stream.hear(0.01, B, confidence=0.89)
    assert stream.locked
    torch.testing.assert_close(stream.voice, A)


def test_estimates_that_disagree_are_not_locked_on() -> None:
    stream = Stream()
    for _ in range(200):
        for voice in (A, B, C):
            stream.hear(0.01, voice)
    assert not stream.locked


def test_pauses_make_it_wait_and_forget_nothing() -> None:
    stream = Stream()
    stream.hear(1.5)
    stream.hear(10.0, B, present=0.0, confidence=0.0)
    assert not stream.locked
    stream.hear(1.1)
    assert stream.locked
    torch.testing.assert_close(stream.voice, A)


def test_a_silent_target_keeps_its_lock() -> None:
    stream = Stream()
    stream.hear(3.0)
    stream.hear(60.0, present=0.05, confidence=0.0)
    assert stream.locked


def test_it_opens_and_forgets_when_the_confidence_is_gone() -> None:
    stream = Stream()
    stream.hear(4.0)
    stream.hear(3.0, confidence=0.1)
    assert not stream.locked and stream.forgot


def test_it_stays_locked_at_a_confidence_at_which_it_would_not_lock() -> None:
    locked, fresh = Stream(), Stream()
    locked.hear(3.0)
    for stream in (locked, fresh):
        stream.hear(20.0, confidence=0.7)
    assert (locked.locked, fresh.locked) == (True, False)


def test_a_moment_of_doubt_does_not_open_it() -> None:
    stream = Stream()
    stream.hear(4.0)
    stream.hear(0.3, confidence=0.0)
    assert stream.locked


def test_after_it_opened_the_next_lock_is_of_what_comes_then() -> None:
    stream = Stream()
    stream.hear(3.0, A)
    stream.hear(3.0, A, confidence=0.0)
    stream.hear(10.0, B)
    assert stream.locked
    torch.testing.assert_close(stream.voice, B)


def test_where_no_lock_is_wanted_it_forgets_at_once() -> None:
    stream = Stream()
    stream.hear(5.0)
    stream.hear(0.01, wanted=0.0)
    assert not stream.locked and stream.forgot
    stream.hear(20.0, wanted=0.0)
    assert not stream.locked


def test_thresholds_are_those_that_were_asked_for() -> None:
    stream = Stream(torch.jit.script(Lock(SIZE, after_s=0.5, close_at=0.6, open_at=0.2).eval()))
    stream.hear(0.55, confidence=0.7)
    assert stream.locked
    stream.hear(20.0, confidence=0.3)
    assert stream.locked


def test_streams_do_not_touch_one_another() -> None:
    alone = [Stream() for _ in range(3)]
    alone[0].hear(3.0, A)
    alone[1].hear(1.0, B)
    memory = torch.cat([stream.memory for stream in alone])
    voices = torch.stack((A, B, C))
    present, confidence, wanted = torch.tensor([[[1.0], [1.0], [0.9]], [[0.2], [0.99], [1.0]], [[1.0], [1.0], [0.0]]])
    together = LOCK(memory, voices, present, confidence, wanted)
    for row, stream in enumerate(alone):
        stream.hear(0.01, voices[row], float(present[row]), float(confidence[row]), float(wanted[row]))
        torch.testing.assert_close(together[row : row + 1], stream.memory)


def test_scripted_equals_eager() -> None:
    generator, eager = torch.Generator().manual_seed(0), Lock(SIZE, after_s=0.1).eval()
    scripted, memories = torch.jit.script(eager), [torch.zeros(4, SIZE + 3)] * 2
    locked = 0.0
    for _ in range(60):
        estimate = torch.nn.functional.normalize(A + 0.1 * torch.randn(4, SIZE, generator=generator), dim=1)
        said = [torch.rand(4, 1, generator=generator) ** 0.1 for _ in range(3)]
        memories = [lock(memory, estimate, *said) for lock, memory in zip((eager, scripted), memories, strict=True)]
        torch.testing.assert_close(memories[0], memories[1])
        locked = max(locked, float(memories[0][:, -1].max()))
    assert locked == 1.0, "a lock that never closes would agree by accident"
