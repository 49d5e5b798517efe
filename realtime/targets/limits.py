"""What a confined process may take of the machine, and how it gives up the rest.

Invariant: limits only ever become narrower; what is given up does not come back.
"""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass

NICE = 5
"""How far a job stands back behind the audio that the service is playing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a job needs.

    Attributes:
        memory_bytes: Address space, that of the interpreter and its libraries included.
        output_bytes: Length of what it writes.
        cpu_s: Seconds of computing.
        files: Descriptors, the three standard ones included.
    """

    memory_bytes: int
    output_bytes: int
    cpu_s: int
    files: int = 3

    def apply(self) -> None:
        """Holds this process to the limits from now on: nothing forked, nothing dumped, and no more than them."""
        os.nice(NICE)
        for kind, value in (
            (resource.RLIMIT_CORE, 0),  # A picture of somebody must not end up in a core dump.
            (resource.RLIMIT_NPROC, 0),
            (resource.RLIMIT_NOFILE, self.files),
            (resource.RLIMIT_FSIZE, self.output_bytes),
            (resource.RLIMIT_CPU, self.cpu_s),
            (resource.RLIMIT_AS, self.memory_bytes),
        ):
            hard = resource.getrlimit(kind)[1]
            lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (lowest, lowest))
