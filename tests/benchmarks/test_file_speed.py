"""How much faster than real time ``tectum process`` runs a file, start-up told apart."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile

from realtime.testing.signals import programme

from .conftest import REPOSITORY

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(300)]

FASTER_THAN_REAL_TIME = 50
SHORT_S, LONG_S = 10, 310


def process(path, *options: str) -> tuple[float, list[dict]]:
    """Returns the seconds that ``tectum process`` took on one core, and its lines."""
    command = [sys.executable, "-m", "realtime", "process", str(path), "--json", "--device", "cpu", *options]
    core = {min(os.sched_getaffinity(0))}
    begun_s = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, core),
    )
    took_s = time.perf_counter() - begun_s
    assert done.returncode == 0, done.stderr
    return took_s, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot bind a process to one core")
@pytest.mark.parametrize("plugin", ["genre", "gain"])
def test_a_file_runs_much_faster_than_real_time_on_one_core(tmp_path, report, plugin):
    took = {}
    for seconds in (SHORT_S, LONG_S):
        path = tmp_path / f"{seconds}.flac"
        one = programme(1, 10 * 22_050, 22_050, 0)[0]
        soundfile.write(path, np.tile(one, seconds // 10), 22_050)
        output = ("-o", str(tmp_path / f"{seconds}.out.flac")) if plugin == "gain" else ()
        took[seconds], lines = process(path, "--plugin", plugin, *output)
        if plugin == "genre":
            assert sum(line["type"] == "genre" for line in lines) >= seconds
        assert lines[-1]["type"] == "summary"
    running_s = took[LONG_S] - took[SHORT_S]
    factor = (LONG_S - SHORT_S) / running_s
    row = {
        "plugin": plugin,
        "times real time": factor,
        "real-time factor": 1 / factor,
        "start-up s": took[SHORT_S] - SHORT_S / factor,
    }
    report(f"file_{plugin}", "tectum process on one core, once it runs", [row])
    if plugin == "genre":
        assert factor >= FASTER_THAN_REAL_TIME
