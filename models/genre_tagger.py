"""What ships as ``genre``: the network and the verdict on what it says, in one module.

Invariant: a step is one call, whatever the number of streams.
"""

import torch
from torch import Tensor, nn

from .genre import GenreNet, GenreOutput
from .verdict import Verdict


class GenreTagger(nn.Module):
    """A network and the judge of its answers.

    ``init_state``, ``forward`` and ``tag`` are the network's, ``init_memory``, ``default_controls`` and ``judge``
    the judge's; ``step`` is both.

    Args:
        net: Trained.
    """

    def __init__(self, net: GenreNet) -> None:
        super().__init__()
        self.net = net
        self.verdict = Verdict(net.num_labels, net.hop_samples / net.sample_rate)

    @torch.jit.export
    def step(
        self, x: Tensor, controls: Tensor, state: Tensor, memory: Tensor, mask: Tensor
    ) -> tuple[Tensor, list[bool], Tensor, Tensor, Tensor]:
        """Advances every stream by one frame.

        Args:
            x: float32 ``[B, 2048]`` in [-1, 1] at 22,050 Hz.
            controls: float32 ``[B, 7]``; see ``CONTROLS``.
            state: The network's, ``[B, N]``.
            memory: The verdict's, ``[B, 7 + L]``.
            mask: bool ``[B]``; where False the row keeps its state and memory, and is not due.

        Returns:
            ``report [B, 2 + L]`` (see ``Verdict``), whether an event of each stream is due, ``embedding [B, E]``, and
            the new state and memory.
        """
        (log_probs, music_logit, level_db, embedding, heard_s), heard = self.net(x, state)
        judged, sounding, due = self.verdict(
            log_probs[:, 0], music_logit[:, 0], level_db[:, 0], heard_s[:, 0], controls, memory
        )
        # The network never heard silence in training: it waits in its first state until the level comes back.
        if not all(sounding):
            heard = torch.where(torch.tensor(sounding, device=state.device).unsqueeze(1), heard, 0.0)
        steps: list[bool] = mask.tolist()
        if not all(steps):
            due = [is_due and steps[row] for row, is_due in enumerate(due)]
            heard = torch.where(mask.unsqueeze(1), heard, state)
            judged = torch.where(mask.unsqueeze(1), judged, memory)
        return judged[:, self.verdict.report :], due, embedding[:, 0], heard, judged

    @torch.jit.export
    def init_state(self, batch_size: int) -> Tensor:
        """See ``GenreNet.init_state``."""
        return self.net.init_state(batch_size)

    def forward(self, x: Tensor, state: Tensor) -> tuple[GenreOutput, Tensor]:
        """See ``GenreNet.forward``."""
        output: tuple[GenreOutput, Tensor] = self.net(x, state)
        return output

    @torch.jit.export
    def tag(self, mel_db: Tensor, chroma_db: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """See ``GenreNet.tag``."""
        return self.net.tag(mel_db, chroma_db, state)

    @torch.jit.export
    def init_memory(self, batch_size: int) -> Tensor:
        """See ``Verdict.init_memory``."""
        return self.verdict.init_memory(batch_size)

    @torch.jit.export
    def default_controls(self, batch_size: int) -> Tensor:
        """See ``Verdict.default_controls``."""
        return self.verdict.default_controls(batch_size)

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
        """See ``Verdict.judge``."""
        return self.verdict.judge(log_probs, music_logit, level_db, heard_s, controls, memory)
