"""Keeps one voice: that of the person whose face was shown, or of whom a voice sample was given.

Nobody given, it removes noise and keeps every voice.

Invariant: strength, bypass and the dry signal are one aligned mix, so that nothing that is set moves the audio in time;
and all that is known of a person is in ``FacefilterState``, where ``retarget`` puts it and takes it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_not
from typing import ClassVar, Literal, NamedTuple, Protocol, cast

import torch
from pydantic import Field
from torch import Tensor

from .. import plugin
from ..artifacts import load_artifact
from ..errors import ArtifactError
from ..plugin import Event, Plugin, PluginSpec, Result
from ..targets.target import EMBEDDING_SIZE, Target

HOP_SAMPLES = 160
EVENT_HOPS = 50
"""Hops between two events where nothing special happens: half a second."""

PRESENT, SUPPRESSED, LOCKED, CONFIDENCE = range(4)
"""Columns of the model's report on a hop."""


class FacefilterParams(plugin.Params):
    """What a user may set, at any time; changes glide over a hop of 10 ms."""

    strength: float = Field(
        1.0,
        ge=0.0,
        le=1.0,
        title="Strength",
        description="How much is taken away: 0 is the sound as it came in, 1 the wanted voice alone.",
    )
    target: Literal["face", "voice", "both"] = Field(
        "both", title="Go by", description="Which of what was given says whose voice it is; both is what there is."
    )
    # Off: with the separator that ships, what a lock hears of a voice helps in 2 % of conversations and harms in 8 %.
    lock_on: bool = Field(
        False,
        title="Lock on",
        description="Go by the voice too, once the face has led to it for long enough. So far it harms more often.",
    )
    bypass: bool = Field(
        False, title="Bypass", description="Let the sound through as it came in, at the same time as the filtered one."
    )


class FacefilterState(NamedTuple):
    """Memory of B streams, float32.

    Attributes:
        net: The separator's ``[B, N]``: what it heard, whom it looks for, the lock.
        given: Whom it may look for: embeddings of face and voice, zeros where there is none, and 1 or 0 for each,
            ``[B, 258]``.
        control: ``[B, 5]``: share of the wet signal at the end of the last hop (NaN before the first), hops since the
            last event, whether it was locked then, and whether the separator goes by the face and by the voice (-1:
            ``given`` is new).
    """

    net: Tensor
    given: Tensor
    control: Tensor


class SeparatorModule(Protocol):
    """The artifact: a separator of hops of 160 samples, whose flat state ``[B, N]`` holds target and lock."""

    def init_state(self, batch_size: int) -> Tensor:
        """Returns the state of streams that have heard nothing and have no target."""
        ...

    def with_target(self, state: Tensor, face: Tensor, voice: Tensor, has: Tensor) -> Tensor:
        """Returns ``state`` with another target, ``face`` and ``voice [B, 128]`` where ``has [B, 2]`` is 1."""
        ...

    def step(self, audio: Tensor, lock_on: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Returns ``wet`` and ``dry [B, 160]``, ``report [B, 4]`` and the new state."""
        ...


class FacefilterPlugin(Plugin[FacefilterParams, FacefilterState]):
    """Sends ``facefilter`` events twice a second, and at once when it locks or lets go.

    ``target_present`` is the probability that the target speaks and ``confidence`` that the voice that is kept is the
    target's; both are None while nobody is given. ``suppressed_db`` is by how much the separator lowered the sound in
    the last second, before ``strength``; ``locked`` is whether it goes by the voice that the face led to.

    Raises:
        ArtifactError: The model ``facefilter`` is missing, altered or not one that this plugin can run.
    """

    spec: ClassVar[PluginSpec] = PluginSpec(
        name="facefilter",
        version="0.3.0",
        sample_rate=16_000,
        channels=1,
        chunk_samples=HOP_SAMPLES,
        hop_samples=HOP_SAMPLES,
        latency_samples=HOP_SAMPLES,
        kind="processor",
        description="Keeps one voice, known by a picture of the face or by a sample; without either, every voice.",
        takes_target=True,
    )
    Params = FacefilterParams

    def __init__(self, device: torch.device) -> None:
        super().__init__(device)
        artifact = load_artifact("facefilter", device)
        card, spec = artifact.card, self.spec
        expected = (spec.sample_rate, spec.channels, spec.chunk_samples, spec.hop_samples, spec.latency_samples)
        got = (card.sample_rate, card.channels, card.chunk_samples, card.hop_samples, card.latency_samples)
        if got != expected:
            raise ArtifactError(
                f"expected a facefilter model of rate, channels, chunk, hop and latency {expected}, got {got}"
            )
        self._module = cast(SeparatorModule, artifact.module)
        self._wanted_of: tuple[list[FacefilterParams], _Wanted] | None = None
        self._ramp = torch.linspace(1 / HOP_SAMPLES, 1, HOP_SAMPLES, device=device)
        self._check_module()

    def init_state(self, batch_size: int) -> FacefilterState:
        given = torch.zeros(batch_size, 2 * EMBEDDING_SIZE + 2, device=self.device)
        control = torch.tensor([torch.nan, 0.0, 0.0, 0.0, 0.0], device=self.device).repeat(batch_size, 1)
        return FacefilterState(self._module.init_state(batch_size), given, control)

    def retarget(self, state: FacefilterState, target: Target | None) -> FacefilterState:
        target = target or Target()
        given = torch.zeros(2 * EMBEDDING_SIZE + 2)
        for index, embedding in enumerate((target.face, target.voice)):
            if embedding is not None:
                given[index * EMBEDDING_SIZE :][:EMBEDDING_SIZE] = torch.from_numpy(embedding.copy())
                given[2 * EMBEDDING_SIZE + index] = 1.0
        # By which of them the separator goes is a parameter: the step that follows turns it.
        control = torch.cat((state.control[:, :3], torch.full_like(state.control[:, 3:], -1.0)), 1)
        return FacefilterState(state.net, given.to(self.device).repeat(len(control), 1), control)

    def step(
        self, chunks: Tensor, params: Sequence[FacefilterParams], state: FacefilterState, mask: Tensor
    ) -> tuple[Result, FacefilterState]:
        wanted = self._wanted(params)
        before, hops, was_locked, used = state.control.split_with_sizes([1, 1, 1, 2], 1)
        uses = state.given[:, 2 * EMBEDDING_SIZE :] * wanted.uses
        net = state.net
        if not torch.equal(uses, used):
            face, voice, _ = state.given.split_with_sizes([EMBEDDING_SIZE, EMBEDDING_SIZE, 2], 1)
            turned = self._module.with_target(net, face, voice, uses)
            net = torch.where((uses != used).any(1, keepdim=True), turned, net)
        wet, dry, report, net = self._module.step(chunks[:, 0], wanted.lock_on, net)
        # A stream begins at its strength; only later changes glide.
        share = torch.where(before.isnan(), wanted.share, before)
        audio = torch.lerp(dry, wet, torch.lerp(share, wanted.share, self._ramp))
        locked, hops = report[:, LOCKED:CONFIDENCE], hops + 1.0
        due = (hops >= EVENT_HOPS) | (locked != was_locked)
        events = self._events(report, uses, due[:, 0] & mask)
        control = torch.cat((wanted.share, torch.where(due, 0.0, hops), locked, uses), 1)
        new = FacefilterState(net, state.given, control)
        return Result(events, audio[:, None]), new if bool(mask.all()) else _where(mask, new, state)

    def _wanted(self, params: Sequence[FacefilterParams]) -> _Wanted:
        # Params are values and change seldom: mostly these are the very objects of the batch before.
        known = self._wanted_of
        if known is None or len(params) != len(known[0]) or any(map(is_not, params, known[0])):
            rows = [_numbers(row) for row in params]
            share, uses, lock_on = torch.tensor(rows, device=self.device).split_with_sizes([1, 2, 1], 1)
            known = self._wanted_of = (list(params), _Wanted(share, uses, lock_on[:, 0].contiguous()))
        return known[1]

    def _events(self, report: Tensor, uses: Tensor, due: Tensor) -> list[Event | None]:
        """Builds the events of the rows that are due; what is not due never leaves the device."""
        events: list[Event | None] = [None] * len(due)
        for row in due.nonzero()[:, 0].tolist() if bool(due.any()) else ():
            values, somebody = report[row].tolist(), bool(uses[row].any())
            events[row] = {
                "target_present": round(values[PRESENT], 4) if somebody else None,
                "suppressed_db": round(values[SUPPRESSED], 2),
                "locked": values[LOCKED] > 0.5,
                "confidence": round(values[CONFIDENCE], 4) if somebody else None,
            }
        return events

    @torch.inference_mode()
    def _check_module(self) -> None:
        """Turns and steps the model in silence. Raises ArtifactError unless it can and gives what it must."""
        silence = torch.zeros(1, 1, HOP_SAMPLES, device=self.device)
        mask = torch.ones(1, dtype=torch.bool, device=self.device)
        defaults = [FacefilterParams.model_validate({})]
        try:
            state = after = self.init_state(1)
            # TorchScript compiles in the first calls, which for turns would be in the middle of somebody's stream.
            for _ in range(3):
                result, after = self.step(silence, defaults, self.retarget(after, None), mask)
        except (RuntimeError, AttributeError, ValueError) as error:
            raise ArtifactError(f"expected a separator with with_target and step, got: {error}") from error
        assert result.audio is not None
        if result.audio.shape != silence.shape or after.net.shape != state.net.shape:
            raise ArtifactError(
                f"expected hops {list(silence.shape)} and a state {list(state.net.shape)}, "
                f"got {list(result.audio.shape)} and {list(after.net.shape)}"
            )


class _Wanted(NamedTuple):
    """What the parameters of B rows ask for: ``share [B, 1]`` wet, by what ``uses [B, 2]``, ``lock_on [B]``."""

    share: Tensor
    uses: Tensor
    lock_on: Tensor


def _numbers(params: FacefilterParams) -> list[float]:
    share = 0.0 if params.bypass else params.strength
    return [share, float(params.target != "voice"), float(params.target != "face"), float(params.lock_on)]


def _where(mask: Tensor, new: FacefilterState, old: FacefilterState) -> FacefilterState:
    pairs = zip(new, old, strict=True)
    return FacefilterState._make(torch.where(mask[:, None], mine, theirs) for mine, theirs in pairs)
