"""From the network's word on each frame to a verdict that holds still: average, level gate, hysteresis.

It is exported with the network, so that what was tuned on stored sequences is what is served. Tensors go in and come
out, their first axis the stream; in between each stream is some eighty operations on numbers, which TorchScript
interprets in 5 us. As operations on tensors of one element they took 60.

Invariant: all values stay bounded however long a stream goes on.
"""

from typing import Final

import torch
from torch import Tensor, nn

CONTROLS = {
    "interval_s": 0.5,
    "smoothing_s": 1.0,
    "evidence_s": 0.5,
    "threshold": 0.3,
    "hysteresis": 0.25,
    "music_threshold": 0.5,
    "silence_db": -90.0,
}
"""What a listener may set, in the order of the columns of ``controls``; the defaults are from ``training.genre tune``:

- ``interval_s``, time between two events;
- ``smoothing_s``, time constant of the average over the network's posteriors;
- ``evidence_s``, music that must be in the average before the label may change; at most half of ``smoothing_s`` counts;
- ``threshold``, probability from which a label is named;
- ``hysteresis``, lead that another label needs to replace it;
- ``music_threshold``, probability from which sound counts as music;
- ``silence_db``, level in dBFS below which nothing plays.
"""

MUSIC_SMOOTHING_S = 1.0
"""Time constant of the music detector: a pause for breath is not the end of a song."""

MUSIC_HYSTERESIS = 0.1
"""How far the detector must pass its threshold, on either side, to change its mind."""

SILENCE_S = 1.0
"""After this long below the level gate there is silence, and what was heard before is forgotten."""

NO_LABEL = -1.0
"""The index of no label."""


class Verdict(nn.Module):
    """The judge of B streams.

    ``memory`` is float32 ``[B, 7 + L]``, all that is remembered of a stream beside the network's state:

    0. ``quiet_s``, time since the level was above the gate, at most ``SILENCE_S``;
    1. ``averaged_s``, music in the average, which grows to ``smoothing_s``;
    2. ``music``, smoothed probability of music;
    3. ``since_event_s``, time since the last event;
    4. ``heard_s``, the network's, a frame ago;
    5. ``is_music``, the verdict with hysteresis, 0 or 1;
    6. ``label``, the index of the label named, or -1;
    7. and on: the average posterior, uniform before any music.

    The ``report`` on a stream is what begins at column 5: ``is_music``, ``label``, posterior ``[B, 2 + L]``.

    Args:
        num_labels: L.
        hop_s: Seconds from frame to frame.
    """

    music_hysteresis: Final = MUSIC_HYSTERESIS
    silence_s: Final = SILENCE_S
    no_label: Final = NO_LABEL
    num_scalars: Final = 7
    report: Final = 5
    start: Tensor
    defaults: Tensor

    def __init__(self, num_labels: int, hop_s: float) -> None:
        super().__init__()
        self.num_labels = num_labels
        self.hop_s = hop_s
        self.music_weight = hop_s / MUSIC_SMOOTHING_S
        uniform = [1.0 / num_labels] * num_labels
        self.register_buffer("start", torch.tensor([SILENCE_S, 0.0, 0.0, 0.0, 0.0, 0.0, NO_LABEL, *uniform]))
        self.register_buffer("defaults", torch.tensor(list(CONTROLS.values())))

    @torch.jit.export
    def init_memory(self, batch_size: int) -> Tensor:
        """Returns the memory of streams that have heard nothing: silence, until the level says otherwise."""
        return self.start.repeat(batch_size, 1)

    @torch.jit.export
    def default_controls(self, batch_size: int) -> Tensor:
        """Returns ``controls`` ``[B, 7]`` of listeners who set nothing."""
        return self.defaults.repeat(batch_size, 1)

    def forward(
        self,
        log_probs: Tensor,
        music_logit: Tensor,
        level_db: Tensor,
        heard_s: Tensor,
        controls: Tensor,
        memory: Tensor,
    ) -> tuple[Tensor, list[bool], list[bool]]:
        """Takes one frame of each stream into its memory.

        Args:
            log_probs: ``[B, L]``, of the network, as are
            music_logit: ``[B]``,
            level_db: ``[B]`` and
            heard_s: ``[B]``: where it fell, the network began again, and so does the average; where it is 0, the
                network has not spoken yet.
            controls: float32 ``[B, 7]``, columns as in ``CONTROLS``.
            memory: Of each stream; not changed.

        Returns:
            The new memory; whether each stream is sounding: where not, the network should start afresh; and whether
            an event of each stream is due.
        """
        wanted: list[list[float]] = controls.tolist()
        frames: list[list[float]] = torch.stack((level_db, music_logit.sigmoid(), heard_s), 1).tolist()
        scalars: list[list[float]] = memory[:, : self.num_scalars].tolist()
        shares: list[float] = []
        sounding: list[bool] = []
        for row in range(len(scalars)):
            scalars[row], share = self._hear(scalars[row], frames[row], wanted[row])
            shares.append(share)
            sounding.append(scalars[row][0] < self.silence_s)
        share_of_frame = torch.tensor(shares, dtype=memory.dtype, device=memory.device).unsqueeze(1)
        average = torch.lerp(memory[:, self.num_scalars :], log_probs.exp(), share_of_frame)
        if not all(sounding):
            awake = torch.tensor(sounding, device=memory.device)
            average = torch.where(awake.unsqueeze(1), average, 1.0 / self.num_labels)
        posteriors: list[list[float]] = average.tolist()
        flat: list[float] = []
        due: list[bool] = []
        for row in range(len(scalars)):
            label, since_event_s, is_due = self._decide(scalars[row], posteriors[row], wanted[row])
            quiet_s, averaged_s, music, _, heard, is_music, _ = scalars[row]
            flat.extend([quiet_s, averaged_s, music, since_event_s, heard, is_music, label])
            due.append(is_due)
        head = torch.tensor(flat, dtype=memory.dtype, device=memory.device).view(-1, self.num_scalars)
        return torch.cat((head, average), 1), sounding, due

    def _hear(self, scalars: list[float], frame: list[float], wanted: list[float]) -> tuple[list[float], float]:
        """Takes a frame's level, probability of music and ``heard_s`` into the scalars of one stream's memory.

        Returns:
            The scalars, still with the label and the time of the event before, and the frame's share of the average.
        """
        quiet_s, averaged_s, music, since_event_s, heard_before_s, was_music, label = scalars
        level_db, music_now, heard_s = frame
        _, smoothing_s, _, _, _, music_threshold, silence_db = wanted
        audible = level_db > silence_db
        quiet_s = 0.0 if audible else quiet_s + self.hop_s
        # A hop's rounding early rather than late; from then on exactly silence_s.
        if quiet_s > self.silence_s - 0.5 * self.hop_s:
            return [self.silence_s, 0.0, 0.0, since_event_s, heard_s, 0.0, label], 0.0

        # Before the network has heard enough to speak, heard_s is 0 and what it says counts for nothing.
        if not audible or heard_s <= 0.0:
            music_now = 0.0
        music += (music_now - music) * self.music_weight
        bar = music_threshold + self.music_hysteresis * (1.0 - 2.0 * was_music)
        bar = min(max(bar, 0.02), 0.95)  # an average only approaches 0 and 1, so no threshold may ask for them
        is_music = 1.0 if music > bar else 0.0

        # A weighted average that forgets: the weight of a frame is its probability of being music.
        kept_s = averaged_s * (1.0 - self.hop_s / smoothing_s) if heard_s >= heard_before_s else 0.0
        averaged_s = kept_s + music_now * self.hop_s
        share = music_now * self.hop_s / max(averaged_s, 1e-6)
        return [quiet_s, averaged_s, music, since_event_s, heard_s, is_music, label], share

    def _decide(self, scalars: list[float], posterior: list[float], wanted: list[float]) -> tuple[float, float, bool]:
        """Returns one stream's new label, its time since the last event, and whether the next is due."""
        _, averaged_s, _, since_event_s, _, is_music, label = scalars
        interval_s, smoothing_s, evidence_s, threshold, hysteresis, _, _ = wanted
        # Until the average rests on enough, the label that was named stays: a false alarm shall not flicker.
        if averaged_s > min(evidence_s, 0.5 * smoothing_s):
            label = self._name(label, posterior, threshold, hysteresis)
        if is_music == 0.0:
            label = self.no_label
        since_event_s += self.hop_s
        due = since_event_s >= interval_s
        if due:
            since_event_s = min(since_event_s - interval_s, self.hop_s)
        return label, since_event_s, due

    def _name(self, label: float, posterior: list[float], threshold: float, hysteresis: float) -> float:
        """Returns the label: named from the threshold on, replaced by a clear lead, dropped well below it."""
        best_p = max(posterior)
        best = float(posterior.index(best_p))
        if label == self.no_label:
            return best if best_p >= threshold else self.no_label
        current_p = posterior[int(label)]
        if best_p >= threshold and best_p > current_p + hysteresis:
            return best
        return label if current_p >= threshold - hysteresis else self.no_label

    @torch.jit.export
    def judge(
        self,
        log_probs: Tensor,
        music_logit: Tensor,
        level_db: Tensor,
        heard_s: Tensor,
        controls: Tensor,
        memory: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Takes F stored frames, ``[B, F, L]`` and ``[B, F]``, one after another.

        The network has spoken already, so silence cannot make it start afresh as it does in ``GenreTagger.step``.

        Returns:
            The report after every frame, ``[B, F, 2 + L]``, and the memory after the last.
        """
        reports: list[Tensor] = []
        for frame in range(log_probs.size(1)):
            memory, _, _ = self.forward(
                log_probs[:, frame], music_logit[:, frame], level_db[:, frame], heard_s[:, frame], controls, memory
            )
            reports.append(memory[:, self.report :])
        return torch.stack(reports, 1), memory
