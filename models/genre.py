"""The genre tagger's network: running statistics of the music, read once a second into an LSTM.

Every ``TICK_FRAMES`` frames (0.96 s) make a tick, which is measured and added to what is older. All of it, less what
was forgotten, is what the LSTM reads (paper 000's recurrent core, over statistics such as its section III has). The
last four ticks are read by themselves, too: where they speak against the label for long enough, the music has changed,
the older is dropped and the LSTM starts again. The last two alone tell whether it is music.

Invariant: whatever the chunking, the outputs are those of one forward over the whole clip.
"""

from collections.abc import Iterable
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from .frontend import FRAME_SAMPLES, HOP_SAMPLES, NUM_CHROMA, NUM_MELS, SAMPLE_RATE, Bands
from .lstm import StreamingLSTM
from .music_statistics import HISTORY_SIZE, NUM_MEASUREMENTS, NUM_STATISTICS, Description, Measurements, power_of

VERSION = "0.3.0"
HIDDEN = 64
"""Hidden units of a network as it is trained; see ``merge``."""

MUSIC_HIDDEN = 32
CLIP = 6.0
"""Standardised statistics are clipped to this many deviations."""

TICK_FRAMES = 11
MEMORY_FRAMES = 344
"""Statistics forget exponentially beyond this many frames, 30 s."""

PASSAGE_TICKS = 4
"""Ticks that are read by themselves, 3.8 s."""

CHANGE_AFTER_FRAMES = 33
"""Older music that there must be before a change from it can be noticed, 2.9 s."""

CHANGE_DRIFT = 1.5
CHANGE_LIMIT = 3.0
"""The music has changed when what speaks against the label passes the limit: the sum, never below 0, over ticks of how
much likelier (nats) the last passage makes its own best label, less the drift (CUSUM; Page, 1954). From ``tune``."""

COUNTED_FRAMES = 1e6
"""Where the count of frames since the last reset stops, after a day; float32 counts exactly up to there."""

# Plain tuples, because TorchScript makes a new NamedTuple type at every call that returns one: 100 us of 220.
GenreOutput = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""What the network says after each frame, given all that it has heard, float32:

- ``log_probs [B, F, L]``, natural log of each label's probability, given that it is music; uniform in the first second;
- ``music_logit [B, F]``, log-odds of music against speech, ambience and noise;
- ``level_db [B, F]``, mean power of the frame's samples, dBFS, at least -120;
- ``embedding [B, F, E]``, the layer before the output, of length 1: similar music has similar directions; zeros in
  the first second;
- ``heard_s [B, F]``, seconds since the network last began again; it falls where the music changed.
"""


class GenreNet(nn.Module):
    """Audio in, genres out.

    The state is float32 ``[B, N]``, zeros before anything was heard: how many frames wait, the frames that wait for
    their tick (mel bands and chroma), what was said at the last tick (logits, music, embedding, frames since the last
    reset), and what the ticks carry: the LSTM's ``h`` and ``c``, what speaks for a change, the history of the
    measurements, the frames counted in what is older and in the last three ticks, and the sums of the measurements over
    what is older and over each of the three.

    Args:
        bands: The front-end.
        num_labels: Genres to tell apart (L).
        dropout: Share of statistics dropped while training, half of it of the hidden units.
        hidden: Units of the LSTM, and size of the embedding (E).
    """

    sample_rate: Final = SAMPLE_RATE
    chunk_samples: Final = FRAME_SAMPLES
    hop_samples: Final = HOP_SAMPLES
    hop_s: Final = HOP_SAMPLES / SAMPLE_RATE
    rms_scale: Final = FRAME_SAMPLES**-0.5
    num_mels: Final = NUM_MELS
    frame_size: Final = NUM_MELS + NUM_CHROMA
    tick_frames: Final = TICK_FRAMES
    memory_frames: Final = float(MEMORY_FRAMES)
    change_after: Final = float(CHANGE_AFTER_FRAMES)
    recent_ticks: Final = PASSAGE_TICKS - 1
    num_measurements: Final = NUM_MEASUREMENTS
    counted_frames: Final = COUNTED_FRAMES
    clip: Final = CLIP
    mean: Tensor
    scale: Tensor
    temperature: Tensor
    drift: Tensor
    limit: Tensor
    ticks: Tensor

    def __init__(self, bands: Bands, num_labels: int, dropout: float = 0.0, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.num_labels = num_labels
        self.embedding_size = hidden
        self.bands = bands
        self.measurements = Measurements()
        self.description = Description()
        self.register_buffer("mean", torch.zeros(NUM_STATISTICS))
        self.register_buffer("scale", torch.ones(NUM_STATISTICS))
        self.register_buffer("temperature", torch.ones(()))
        self.register_buffer("drift", torch.tensor(CHANGE_DRIFT))
        self.register_buffer("limit", torch.tensor(CHANGE_LIMIT))
        self.register_buffer("ticks", torch.arange(1.0, TICK_FRAMES + 1))
        self.dropout = dropout
        self.input = nn.Linear(NUM_STATISTICS, hidden)
        self.norm = nn.BatchNorm1d(hidden)
        self.lstm = StreamingLSTM(hidden, hidden)
        self.genre = nn.Linear(hidden, num_labels)
        self.music = nn.Sequential(nn.Linear(NUM_STATISTICS, MUSIC_HIDDEN), nn.ReLU(), nn.Linear(MUSIC_HIDDEN, 1))
        self.said_sizes = [num_labels, 1, hidden, 1]
        self.carried_sizes = [
            hidden,
            hidden,
            1,
            HISTORY_SIZE,
            1,
            1,
            NUM_MEASUREMENTS,
            self.recent_ticks * NUM_MEASUREMENTS,
        ]
        self.sizes = [1, TICK_FRAMES * self.frame_size, sum(self.said_sizes), sum(self.carried_sizes)]
        self.state_size = sum(self.sizes)

    def set_standardisation(self, mean: Tensor, deviation: Tensor) -> None:
        """Fixes the mean and deviation ``[NUM_STATISTICS]`` that the statistics are standardised by."""
        self.mean.copy_(mean)
        self.scale.copy_(deviation.clamp_min(1e-3).reciprocal())

    @torch.jit.export
    def init_state(self, batch_size: int) -> Tensor:
        """Returns the state ``[B, N]`` of streams that have heard nothing: zeros."""
        return torch.zeros(batch_size, self.state_size, dtype=self.mean.dtype, device=self.mean.device)

    def forward(self, x: Tensor, state: Tensor) -> tuple[GenreOutput, Tensor]:
        """Advances every stream by the frames in ``x``.

        Args:
            x: float32 ``[B, T]`` in [-1, 1] at 22,050 Hz; ``T = 2048 + 1920 (F - 1)``, F >= 1. The next call
                begins 1,920 F samples later, so consecutive calls overlap by 128 samples.
            state: From ``init_state`` or the last call; it is not changed.

        Returns:
            The output for the F frames, and the state after them.
        """
        rms = torch.linalg.vector_norm(x.unfold(1, self.chunk_samples, self.hop_samples), dim=-1) * self.rms_scale
        level_db = rms.clamp_min(1e-6).log10() * 20.0
        mel_db, chroma_db = self.bands(x)
        log_probs, music_logit, embedding, heard_s, state = self.tag(mel_db, chroma_db, state)
        return (log_probs, music_logit, level_db, embedding, heard_s), state

    @torch.jit.export
    def tag(self, mel_db: Tensor, chroma_db: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Advances over bands, dB: ``mel_db [B, F, 128]`` and ``chroma_db [B, F, 12]``.

        Returns:
            ``log_probs``, ``music_logit``, ``embedding``, ``heard_s`` and the state.
        """
        frames = torch.cat((mel_db, chroma_db), 2)
        waiting, pending, said, carried = state.split_with_sizes(self.sizes, 1)
        pending = pending.view(-1, self.tick_frames, self.frame_size)
        spoken: list[Tensor] = []
        for i in range(frames.size(1)):
            waiting = waiting + 1.0
            place = (self.ticks == waiting).unsqueeze(2)
            pending = torch.where(place, frames[:, i].unsqueeze(1), pending)
            due = (waiting >= self.tick_frames).squeeze(1)
            if bool(due.any()):
                rows = due.nonzero().squeeze(1)
                spoken_there, carried_there = self._tick(pending[rows], said[rows], carried[rows])
                said = said.index_copy(0, rows, spoken_there)
                carried = carried.index_copy(0, rows, carried_there)
                waiting = torch.where(due.unsqueeze(1), 0.0, waiting)
            spoken.append(said)
        state = torch.cat((waiting, pending.flatten(1), said, carried), 1)
        logits, music_logit, embedding, heard = torch.stack(spoken, 1).split_with_sizes(self.said_sizes, 2)
        log_probs = torch.log_softmax(logits / self.temperature, dim=2)
        return log_probs, music_logit.squeeze(2), embedding, heard.squeeze(2) * self.hop_s, state

    def _tick(self, frames: Tensor, said: Tensor, carried: Tensor) -> tuple[Tensor, Tensor]:
        """Takes eleven frames ``[B, 11, 140]`` into the statistics and reads them; returns what is said and carried."""
        h, c, against, history, num_older, num_recent, older, recent = carried.split_with_sizes(self.carried_sizes, 1)
        recent = recent.view(-1, self.recent_ticks, self.num_measurements)
        mel_db = frames[..., : self.num_mels]
        power = older[:, -1:] + recent[..., -1].sum(1, keepdim=True) + power_of(mel_db).cumsum(1)
        level_db = (power / (num_older + num_recent + self.ticks)).clamp_min(1e-16).log10() * 10.0
        measured, history = self.measurements(mel_db, frames[..., self.num_mels :], level_db, history)
        newest = measured.sum(1)

        passage, num_passage = recent.sum(1) + newest, num_recent + self.tick_frames
        pair, num_pair = recent[:, -1] + newest, num_passage.clamp_max(2.0 * self.tick_frames)
        whole, alone, last = self.read(
            torch.cat((older + passage, passage, pair)), torch.cat((num_older + num_passage, num_passage, num_pair))
        ).chunk(3)
        # The stream goes on, or begins with this passage: one call for both.
        hidden, next_h, next_c = self.recall(
            torch.cat((whole, alone)).unsqueeze(1),
            torch.cat((h, torch.zeros_like(h))),
            torch.cat((c, torch.zeros_like(c))),
        )
        hidden = hidden[:, 0]
        logits = self.genre(hidden)
        against = against + self.against(logits)
        changed = (against > self.limit) & (num_older >= self.change_after)
        stays = (~changed).to(h.dtype)

        on, anew = hidden.chunk(2)
        hidden = torch.where(changed, anew, on)
        on, anew = logits.chunk(2)
        heard = torch.where(changed, num_passage, said[:, -1:] + self.tick_frames).clamp_max(self.counted_frames)
        embedding = functional.normalize(hidden, dim=1)
        said = torch.cat((torch.where(changed, anew, on), self.music_logit(last).unsqueeze(1), embedding, heard), 1)

        # What leaves the last three ticks is older from now on.
        full = (num_passage > self.recent_ticks * self.tick_frames).to(h.dtype)
        older = older * stays + recent[:, 0]
        num_older = num_older * stays + full * self.tick_frames
        kept = (self.memory_frames / num_older.clamp_min(1.0)).clamp_max(1.0)
        recent = torch.cat((recent[:, 1:], newest.unsqueeze(1)), 1).flatten(1)
        num_recent = num_passage.clamp_max(float(self.recent_ticks * self.tick_frames))
        on, anew = next_h.chunk(2)
        h = torch.where(changed, anew, on)
        on, anew = next_c.chunk(2)
        c = torch.where(changed, anew, on)
        against = against.clamp_min(0.0) * stays
        return said, torch.cat((h, c, against, history, num_older * kept, num_recent, older * kept, recent), 1)

    def against(self, logits: Tensor) -> Tensor:
        """Returns what a tick adds to the evidence of a change ``[B, 1]``, nats.

        Args:
            logits: ``[2 B, L]``, of the streams as they go on, and of their last passages alone.
        """
        log_probs = torch.log_softmax(logits / self.temperature, dim=1)
        on, alone = log_probs.chunk(2)
        best = alone.max(dim=1, keepdim=True)[0]
        return best - alone.gather(1, on.argmax(dim=1, keepdim=True)) - self.drift

    def running_level(self, mel_db: Tensor) -> Tensor:
        """Returns the mean level of all bands together, dB, from the first frame of ``[B, F, 128]`` to each."""
        counts = torch.arange(1.0, mel_db.size(1) + 1, device=mel_db.device)
        return (power_of(mel_db).cumsum(1) / counts).clamp_min(1e-16).log10() * 10.0

    def tick_sums(self, mel_db: Tensor, chroma_db: Tensor) -> Tensor:
        """Measures whole clips ``[B, F, ...]`` and returns the sums over each whole tick, ``[B, F // 11, M]``.

        Nothing is forgotten and no change is looked for: for training, and for clips of up to 30 s of one kind.
        """
        nothing = torch.zeros(mel_db.size(0), HISTORY_SIZE, device=mel_db.device)
        measured, _ = self.measurements(mel_db, chroma_db, self.running_level(mel_db), nothing)
        num_ticks = measured.size(1) // self.tick_frames
        ticks: Tensor = measured[:, : num_ticks * self.tick_frames].unflatten(1, (num_ticks, self.tick_frames))
        return ticks.sum(2)

    def read(self, sums: Tensor, num_frames: Tensor) -> Tensor:
        """Sums of measurements ``[P, M]`` over ``num_frames [P, 1]`` to standardised statistics ``[P, S]``."""
        num_frames = num_frames.clamp_min(1.0)
        statistics: Tensor = self.description(sums / num_frames, num_frames.squeeze(1))
        return ((statistics - self.mean) * self.scale).clamp(-self.clip, self.clip)

    def recall(self, statistics: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Advances the LSTM over readings ``[B, T, S]``; returns the hidden layer ``[B, T, E]``, ``h`` and ``c``."""
        if self.training:
            statistics = _drop(statistics, self.dropout)
        entered = functional.relu(self.norm(self.input(statistics).transpose(1, 2)).transpose(1, 2))
        y, h, c = self.lstm(entered, h, c)
        hidden = y + entered
        if self.training:
            hidden = _drop(hidden, 0.5 * self.dropout)
        return hidden, h, c

    def music_logit(self, last: Tensor) -> Tensor:
        """Returns the log-odds ``[B]`` of music from the statistics ``[B, S]`` of the last two ticks."""
        logit: Tensor = self.music(last)
        return logit.squeeze(-1)


def _drop(x: Tensor, share: float) -> Tensor:
    """Drops features ``[B, T, S]`` for a whole sequence, so that they cannot be guessed from a second before."""
    kept = (torch.rand(x.size(0), 1, x.size(2), device=x.device) >= share).to(x.dtype)
    return x * kept / (1.0 - share)


def merge(members: list[GenreNet]) -> GenreNet:
    """Returns one network that says what its members say together: log-linear pooling, their mean logits.

    The members must have the same statistics; music is the first one's. Merging is exact: the weights
    stand beside one another, and the recurrent ones are block-diagonal.
    """
    first = members[0]
    sizes = [member.embedding_size for member in members]
    net = GenreNet(first.bands, first.num_labels, hidden=sum(sizes))
    state = first.state_dict()
    for name in ("input.weight", "input.bias", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"):
        state[name] = torch.cat([member.state_dict()[name] for member in members])
    state["genre.weight"] = torch.cat([member.genre.weight for member in members], 1) / len(members)
    state["genre.bias"] = torch.stack([member.genre.bias for member in members]).mean(0)
    # A gate's rows: the inputs of every member, then their outputs of the step before.
    gates = [[member.lstm.weight.chunk(4)[gate] for member in members] for gate in range(4)]
    state["lstm.weight"] = torch.cat(
        [
            torch.cat((_beside(w[:, :n] for w, n in zip(gate, sizes, strict=True)),
                       _beside(w[:, n:] for w, n in zip(gate, sizes, strict=True))), 1)
            for gate in gates
        ]
    )  # fmt: skip
    biases = [[member.lstm.bias.chunk(4)[gate] for member in members] for gate in range(4)]
    state["lstm.bias"] = torch.cat([torch.cat(gate) for gate in biases])
    net.load_state_dict(state)
    return net.eval()


def _beside(weights: Iterable[Tensor]) -> Tensor:
    """Returns the block-diagonal matrix of ``weights``."""
    diagonal: Tensor = torch.block_diag(*weights)  # type: ignore[no-untyped-call]
    return diagonal
