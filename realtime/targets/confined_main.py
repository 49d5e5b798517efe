"""What a confined process runs: it imports a job, gives up all that the job does not need, and does it.

Standard input is what to decode. Standard output becomes a line of JSON and, after it, what was decoded. This file is
run as a script, by an interpreter that knows none of the packages yet.

Invariant: not a byte of what is to be decoded is read before the limits hold.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any


def main(paths: str, name: str) -> None:
    """Does the job ``name``, with packages from ``paths``."""
    sys.path += paths.split(os.pathsep)
    job = importlib.import_module(f"realtime.targets.{name}")
    bad_target: Any = importlib.import_module("realtime.errors").BadTarget
    payload = b""
    job.LIMITS.apply()
    try:
        header, payload = job.run()
    except bad_target as error:
        header = {"error": error.code, "message": error.message, "param": error.param}
    except MemoryError:
        header = {"overrun": True}
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n")
    sys.stdout.buffer.write(payload)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
