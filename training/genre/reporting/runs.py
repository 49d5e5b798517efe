"""One training run, as its result file holds it: checked when read, and made small.

Invariant: condensing is idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

PROTOCOLS = ("segments", "tracks", "filtered")
"""By random segments (the papers' own, which leaks), 10-fold by track, fault-filtered."""

CURVE_POINTS = 16
DIGITS = 4


class Curve(BaseModel):
    """A learning curve in columns of ``E`` epochs; a file may hold it as a list of points instead."""

    model_config = ConfigDict(frozen=True)

    epoch: tuple[int, ...] = ()
    loss: tuple[float, ...] = ()
    valid_accuracy: tuple[float | None, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _in_columns(cls, value: Any) -> Any:
        if isinstance(value, list):
            return {name: [point.get(name) for point in value] for name in cls.model_fields}
        return value

    @model_validator(mode="after")
    def _even(self) -> Self:
        if not len(self.epoch) == len(self.loss) == len(self.valid_accuracy):
            raise ValueError("expected columns of one length")
        return self

    def condensed(self) -> Curve:
        """Returns at most ``CURVE_POINTS`` points, the first and the last among them."""
        chosen = _spread(len(self.epoch), CURVE_POINTS)
        return Curve(
            epoch=tuple(self.epoch[i] for i in chosen),
            loss=tuple(rounded(self.loss[i]) for i in chosen),
            valid_accuracy=tuple(rounded(self.valid_accuracy[i]) for i in chosen),
        )


class Run(BaseModel):
    """One network, trained and scored once.

    Attributes:
        network: Name of the network, the folder of the file.
        protocol: One of ``PROTOCOLS``.
        run: ``seedN`` or ``foldN``.
        unit: What was scored.
        n: Units scored.
        accuracy: Share of units named rightly.
        labels: Names of the ``L`` classes.
        confusion: Counts ``[L][L]``, rows are the truth.
        curve: Loss and accuracy on valid by epoch.
        parameters: Trained weights.
        seconds: Duration of training.
        note: What was cut short, or chosen where the paper leaves it open.

    Whatever else the file holds is kept, rounded, and read with ``extra``.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    network: str
    protocol: Literal["segments", "tracks", "filtered"]
    run: str
    unit: Literal["clip", "segment"]
    n: int = Field(gt=0)
    accuracy: float = Field(ge=0, le=1)
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    curve: Curve = Curve()
    parameters: int = Field(gt=0)
    seconds: float = Field(ge=0)
    note: str = ""

    @model_validator(mode="after")
    def _square(self) -> Self:
        sizes = {len(self.labels), len(self.confusion), *map(len, self.confusion)}
        if len(sizes) != 1:
            raise ValueError(f"expected one row and one column of the confusion for each of {len(self.labels)} labels")
        return self

    def extra(self, name: str) -> Any:
        """Returns what the file holds beyond the common fields under ``name``, or None."""
        return (self.model_extra or {}).get(name)

    def condensed(self) -> Run:
        """Returns the run with a short curve, rounded figures, and no curves or matrices of its parts."""
        extras = {name: rounded(_plain(value)) for name, value in sorted((self.model_extra or {}).items())}
        common = {"accuracy": rounded(self.accuracy), "seconds": round(self.seconds, 1)}
        return self.model_copy(update={**common, **extras, "curve": self.curve.condensed()})


def rounded(value: Any, digits: int = DIGITS) -> Any:
    """Returns ``value`` with every float inside it rounded."""
    if isinstance(value, float):
        return round(value, digits)
    if isinstance(value, Mapping):
        return {name: rounded(item, digits) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item, digits) for item in value]
    return value


def _plain(value: Any) -> Any:
    """Returns what the file holds beyond the common fields without what would fill it: nothing here shows that."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items() if name not in ("curve", "confusion")}
    return value


def _spread(length: int, most: int) -> list[int]:
    """Returns at most ``most`` positions spread evenly over ``length``, both ends among them."""
    if length <= most:
        return list(range(length))
    return [round(i * (length - 1) / (most - 1)) for i in range(most)]
