"""The separator over whole segments at once, for training: the same weights, another order of the work.

Products with weights run in bfloat16 over all frames; only the recurrences go frame by frame. What surrounds the
products is compiled.

Invariant: with float32 products the numbers are those of ``Separator.forward`` without a lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.asymmetric_stft import HOP_SAMPLES, WINDOW_SAMPLES
from models.gated_recurrence import GatedRecurrence
from models.separator import LEVEL_FLOOR, LEVEL_FRAMES, Separator


class Separated(NamedTuple):
    """What the separator makes of ``M`` mixtures of ``F`` hops, each heard with ``K`` targets.

    Attributes:
        wet: ``[M, K, 160 F]``, 160 samples late.
        present: Logits of the target speaking, ``[M, K, F]``.
        loudest: Logits of the target being louder than all else, ``[M, K, F]``.
        confidence: Logits of the one kept being the target, ``[M, K, F]``.
        voice: The voices heard to be the loudest, unit length ``[M, F, E]``.
    """

    wet: Tensor
    present: Tensor
    loudest: Tensor
    confidence: Tensor
    voice: Tensor


class Heard(NamedTuple):
    """What is known of ``M`` mixtures of ``F`` hops before anybody is asked for.

    Attributes:
        spectra: Real and imaginary parts, ``[F, M, 257, 2]``.
        x: ``[F, M, D]``.
        voice: The voices heard to be the loudest, unit length ``[F, M, E]``.
    """

    spectra: Tensor
    x: Tensor
    voice: Tensor


class Recurrence(torch.autograd.Function):
    """``h_t = f_t h_{t-1} + g_t`` from zero, over the first axis of ``f`` and ``g``."""

    @staticmethod
    def forward(ctx: Any, forget: Tensor, gain: Tensor) -> Tensor:
        """Returns ``h``."""
        h = torch.empty_like(gain)
        h[0] = gain[0]
        for t in range(1, len(h)):
            torch.addcmul(gain[t], forget[t], h[t - 1], out=h[t])
        ctx.save_for_backward(forget, h)
        return h

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        """The same recurrence, backwards."""
        (gradient,) = gradients
        forget, h = ctx.saved_tensors
        back = torch.empty_like(h)
        back[-1] = gradient[-1]
        for t in range(len(h) - 2, -1, -1):
            torch.addcmul(gradient[t], forget[t + 1], back[t + 1], out=back[t])
        of_forget = torch.zeros_like(forget)
        torch.mul(back[1:], h[:-1], out=of_forget[1:])
        return of_forget, back


class ParallelSeparator(nn.Module):
    """Runs a separator over segments.

    Args:
        net: Whose weights are used and trained.
        product: Type of the products with weights.
        compiled: Compile the elementwise parts (a minute at the first call, then three times as fast).
    """

    def __init__(self, net: Separator, product: torch.dtype = torch.bfloat16, compiled: bool = True) -> None:
        super().__init__()
        self.net = net
        self.product = product
        compile_: Callable[..., Any] = torch.compile if compiled else _as_it_is
        self._mix = compile_(mix, dynamic=False)
        self._gates = compile_(gates, dynamic=False)
        self._opened = compile_(opened, dynamic=False)
        self._normalised = compile_(normalised, dynamic=False)
        self._features = compile_(features, dynamic=False)
        self._masked = compile_(masked, dynamic=False)

    def forward(self, mixtures: Tensor, targets: Tensor) -> Separated:
        """Separates.

        Args:
            mixtures: float32 ``[M, 160 F]``.
            targets: ``[M, K, 2 E + 2]``: face, voice, and which of them there are.
        """
        return self.separate(self.hear(mixtures), targets)

    def hear(self, mixtures: Tensor) -> Heard:
        """Returns what the blocks without a target make of ``mixtures [M, 160 F]``."""
        spectra, x = self._front(mixtures)
        y, flat = torch.zeros((), dtype=self.product), torch.zeros(1, 2 * self.net.width)
        blocks: list[Any] = list(self.net.blocks)
        for block in blocks[: self.net.num_free]:
            x, y = self._block(block, x, y, flat)
        x = x + y.float()
        voice = functional.normalize(self._linear(self.net.identity, x).float(), dim=2)
        return Heard(spectra, x, voice)

    def separate(self, heard: Heard, targets: Tensor) -> Separated:
        """Returns what becomes of it with ``targets [M, K, 2 E + 2]``."""
        net, (num, choices, _) = self.net, targets.shape
        spectra, x, voice = heard
        asked = targets.transpose(0, 1).reshape(choices * num, -1)  # [K M, 2 E + 2]
        x, y = x.repeat(1, choices, 1), self._agree(voice.repeat(1, choices, 1), asked)
        blocks: list[Any] = list(net.blocks)
        for block, part in zip(blocks[net.num_free :], net.condition(asked).split(net.film_sizes, 1), strict=True):
            x, y = self._block(block, x, y, part)
        x = self._normalised(x, y, net.norm)
        parts = self._masked(self._linear(net.mask, x), spectra.repeat(1, choices, 1, 1))
        wet = self._synthesis(torch.view_as_complex(parts))
        belief = self._linear(net.belief, x).float()
        present, loudest, confidence = belief.view(len(belief), choices, num, 3).permute(2, 1, 0, 3).unbind(3)
        separated = wet.view(choices, num, -1).transpose(0, 1)
        return Separated(separated, present, loudest, confidence, voice.transpose(0, 1))

    @torch.no_grad()
    def levels(self, mixtures: Tensor) -> Tensor:
        """Returns the running power at every hop, ``[F, M, 1]``."""
        powers = mixtures.unflatten(1, (-1, HOP_SAMPLES)).square().mean(2).t().contiguous()
        running = torch.zeros_like(powers[0])
        for t, power in enumerate(powers):
            running = torch.lerp(running, power, 1.0 / min(t + 1.0, LEVEL_FRAMES))
            powers[t] = running
        return powers.unsqueeze(2)

    def _front(self, mixtures: Tensor) -> tuple[Tensor, Tensor]:
        padded = functional.pad(mixtures, (WINDOW_SAMPLES - HOP_SAMPLES, 0))
        frames = padded.unfold(1, WINDOW_SAMPLES, HOP_SAMPLES).transpose(0, 1)
        parts = torch.view_as_real(self.net.stft(frames))
        return parts, self._linear(self.net.input, self._features(parts, self.levels(mixtures), self.product)).float()

    def _block(self, block: GatedRecurrence, x: Tensor, y: Tensor, film: Tensor) -> tuple[Tensor, Tensor]:
        # The sum of a block's input and output is left to the next one: one pass over memory less.
        x, mixed = self._mix(x, y, film, block.norm, block.before, block.now)
        z = self._linear(block.gates, mixed)
        hidden = Recurrence.apply(*self._gates(z))
        return x, self._linear(block.output, self._opened(z, hidden))

    def _agree(self, voice: Tensor, target: Tensor) -> Tensor:
        scale, size = self.net.embedding_scale, self.net.embedding_size
        products = (voice.repeat(1, 1, 2) * (target[:, : 2 * size] * scale**2)).to(self.product)
        return self._linear(self.net.agreement, products)

    def _linear(self, layer: nn.Linear, x: Tensor) -> Tensor:
        return functional.linear(x.to(self.product), layer.weight.to(self.product), layer.bias.to(self.product))

    def _synthesis(self, spectra: Tensor) -> Tensor:
        added = self.net.stft.inverse(spectra)  # [F, K M, 320]
        late = functional.pad(added[:-1, :, HOP_SAMPLES:], (0, 0, 0, 0, 1, 0))
        return (added[..., :HOP_SAMPLES] + late).transpose(0, 1).flatten(1)


def features(parts: Tensor, power: Tensor, product: torch.dtype) -> Tensor:
    """``Separator.features`` of real and imaginary parts ``[..., 257, 2]``."""
    parts = parts * torch.rsqrt(power + LEVEL_FLOOR).unsqueeze(-1)
    square = parts.square().sum(-1) + 1e-7
    magnitude = square.pow(0.15)
    shrunk = parts * (magnitude * torch.rsqrt(square)).unsqueeze(-1)
    return torch.cat((magnitude, shrunk.flatten(-2)), -1).to(product)


def mix(x: Tensor, y: Tensor, film: Tensor, norm: Tensor, before: Tensor, now: Tensor) -> tuple[Tensor, Tensor]:
    """Returns ``x + y``, and ``GatedRecurrence.modulate`` and the mixing of neighbours of it, all ``[F, B, D]``."""
    x = x + y.float()
    gain, offset = film.chunk(2, -1)
    u = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * norm * (1.0 + gain) + offset
    return x, (functional.pad(u[:-1], (0, 0, 0, 0, 1, 0)) * before + u * now).to(y.dtype)


def gates(z: Tensor) -> tuple[Tensor, Tensor]:
    """Returns how much is kept and what is added, of ``z [..., 3 H]``."""
    forget, value, _ = z.chunk(3, -1)
    keep = torch.sigmoid(forget.float())
    return keep, (1.0 - keep) * value.float()


def opened(z: Tensor, hidden: Tensor) -> Tensor:
    """Returns the recurrence ``hidden [..., H]`` behind the output gate of ``z [..., 3 H]``."""
    return (torch.sigmoid(z.chunk(3, -1)[2].float()) * hidden).to(z.dtype)


def normalised(x: Tensor, y: Tensor, norm: Tensor) -> Tensor:
    """Returns ``Separator.normalise`` of ``x + y``."""
    x = x + y.float()
    return (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * norm).to(y.dtype)


def masked(mask: Tensor, parts: Tensor) -> Tensor:
    """``Separator.masked`` of real and imaginary parts ``[..., 257, 2]``, by ``mask [..., 514]``."""
    real, imag = (1.5 * torch.tanh(mask.float())).chunk(2, -1)
    a, b = parts.unbind(-1)
    return torch.stack((a * real - b * imag, a * imag + b * real), -1)


def _as_it_is(function: Callable[..., Any], **_: object) -> Callable[..., Any]:
    return function
