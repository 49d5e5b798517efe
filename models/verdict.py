"""From the network's word on each frame to a verdict that holds still: average, level gate, hysteresis.

Everything is a function of tensors whose first axis is the session. It is exported with the network, so that what was
tuned on stored sequences is what is served.

Invariant: all values stay bounded however long a stream goes on.
"""

from typing import Final

import torch
from torch import Tensor, nn

CONTROLS = {
    "interval_s": 0.5,
    "smoothing_s": 8.0,
    "evidence_s": 1.5,
    "threshold": 0.35,
    "hysteresis": 0.1,
    "music_threshold": 0.5,
    "silence_db": -60.0,
}
"""What a listener may set, in the order of the columns of ``controls``, with defaults chosen on GTZAN's valid clips:

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
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Takes one frame of each stream into its memory.

        Args:
            log_probs: ``[B, L]``, of the network, as are
            music_logit: ``[B]``,
            level_db: ``[B]`` and
            heard_s: ``[B]``: where it fell, the network began again, and so does the average.
            controls: float32 ``[B, 7]``, columns as in ``CONTROLS``.
            memory: Of each stream; not changed.

        Returns:
            The new memory, ``silent`` bool ``[B]`` (the network should start afresh) and ``due`` bool ``[B]`` (an
            event should be sent).
        """
        interval_s, smoothing_s, evidence_s, threshold, hysteresis, music_threshold, silence_db = controls.unbind(1)
        quiet_s, averaged_s, music, since_event_s, heard_before_s, was_music, label = memory[:, :7].unbind(1)

        audible = level_db > silence_db
        quiet_s = torch.where(audible, 0.0, (quiet_s + self.hop_s).clamp_max(self.silence_s))
        sounding = quiet_s < self.silence_s - 0.5 * self.hop_s

        frame_music = torch.sigmoid(music_logit) * audible
        music = torch.lerp(music, frame_music, self.music_weight) * sounding
        bar = music_threshold + self.music_hysteresis - 2.0 * self.music_hysteresis * was_music
        is_music = music > bar.clamp(0.02, 0.95)  # an average only approaches 0 and 1: no threshold may ask for them

        # A weighted average that forgets: the weight of a frame is its probability of being music.
        goes_on = sounding & (heard_s >= heard_before_s)
        averaged_s = torch.addcdiv(averaged_s, averaged_s, smoothing_s, value=-self.hop_s) * goes_on
        averaged_s = averaged_s + frame_music * self.hop_s
        share = frame_music * self.hop_s / averaged_s.clamp_min(1e-6)
        posterior = torch.lerp(memory[:, 7:], log_probs.exp(), share.unsqueeze(1))
        posterior = torch.where(sounding.unsqueeze(1), posterior, 1.0 / self.num_labels)

        # Until the average rests on enough, the label that was named stays: a false alarm shall not flicker.
        enough = averaged_s > torch.minimum(evidence_s, 0.5 * smoothing_s)
        label = torch.where(enough, self._name(posterior, label, threshold, hysteresis), label)
        label = torch.where(is_music, label, self.no_label)

        since_event_s = since_event_s + self.hop_s
        due = since_event_s >= interval_s
        since_event_s = torch.where(due, (since_event_s - interval_s).clamp_max(self.hop_s), since_event_s)
        scalars = torch.stack((quiet_s, averaged_s, music, since_event_s, heard_s, is_music.to(music.dtype), label), 1)
        return torch.cat((scalars, posterior), 1), ~sounding, due

    def _name(self, posterior: Tensor, label: Tensor, threshold: Tensor, hysteresis: Tensor) -> Tensor:
        """Returns the label ``[B]``: named from the threshold on, replaced by a clear lead, dropped well below it."""
        best_p, best = posterior.max(dim=1)
        # The posterior of the label named; of none it is 0, so that any lead is clear.
        named = label >= 0.0
        current_p = posterior.gather(1, label.clamp_min(0.0).long().unsqueeze(1)).squeeze(1)
        clear = (best_p >= threshold) & (~named | (best_p > current_p + hysteresis))
        stays = named & (current_p >= threshold - hysteresis)
        return torch.where(clear, best.to(label.dtype), torch.where(stays, label, self.no_label))

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
