"""The bytes that follow a ``target.set``, gathered part by part.

Invariant: an upload ends when as many bytes have come as were announced, whatever became of it, so that never a piece
of a picture is played as audio; and what was refused is not kept.
"""

from __future__ import annotations

from ..errors import BadUpload
from ..protocol import MAX_FRAME_BYTES, TargetSet

MAX_UPLOAD_BYTES = 10 * 2**20
PART_DEADLINE_S = 5.0
"""How long the next part may take."""
UPLOAD_DEADLINE_S = 60.0
"""How long all of it may take: 10 MiB at 1.4 Mbit/s."""


class Upload:
    """One picture or sample on its way here.

    Args:
        request: That announced it.
        now_s: Clock time of that.
    """

    def __init__(self, request: TargetSet, now_s: float) -> None:
        self.request = request
        self.refused = False
        self._parts: list[bytes] = []
        self._missing = request.bytes
        self._ends_s = now_s + UPLOAD_DEADLINE_S
        self._part_due_s = now_s + PART_DEADLINE_S

    @property
    def due_s(self) -> float:
        """Clock time by which the next part must be here."""
        return min(self._part_due_s, self._ends_s)

    @property
    def complete(self) -> bool:
        """Whether all of it has come."""
        return self._missing <= 0

    @property
    def received(self) -> int:
        """Bytes that have come."""
        return self.request.bytes - self._missing

    @property
    def content(self) -> bytes:
        """What has come."""
        return b"".join(self._parts)

    def refuse(self) -> None:
        """Keeps nothing of it, neither what has come nor what will."""
        self.refused = True
        self._parts.clear()

    def add(self, part: bytes, now_s: float) -> None:
        """Takes the next part.

        Raises:
            BadUpload: When it is empty, too large, or longer than what was announced; the upload is refused.
        """
        missing, self._missing = self._missing, self._missing - len(part)
        self._part_due_s = now_s + PART_DEADLINE_S
        if self.refused:
            return
        if 0 < len(part) <= min(missing, MAX_FRAME_BYTES):
            self._parts.append(part)
            return
        self.refuse()
        raise BadUpload(
            f"expected a part of 1 to {MAX_FRAME_BYTES} bytes and {missing} more in all, got {len(part)}", param="bytes"
        )
