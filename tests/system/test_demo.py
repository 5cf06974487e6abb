# SPDX-License-Identifier: Apache-2.0
"""The demonstration ends as it says, and leaves nothing behind however it
ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess

import pytest

from conftest import TOP
from nethvlab import state
from wires import wait_until

pytestmark = pytest.mark.usefixtures("lab_needed")


@pytest.fixture
def command(bindir):
    return [str(TOP / "lab/nethv-demo"),
            *(["--bindir", bindir] if bindir else [])]


def test_demo(command):
    run = subprocess.run(command, text=True, capture_output=True, timeout=120,
                         check=False)
    print(run.stdout, run.stderr)
    last = run.stdout.splitlines()[-1]
    found = re.fullmatch(r"(\d+) passed, 0 failed", last)
    assert run.returncode == 0 and found and int(found[1]) >= 14
    assert run.stdout.count("\n  passed  ") == int(found[1])
    # What the README shows of it is what it says.
    readme = (TOP / "README.md").read_text("utf-8").splitlines()
    shown = [line for line in readme if line.startswith("  passed  ")]
    assert shown and set(shown) <= set(run.stdout.splitlines())
    assert last in readme


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_demo_leaves_nothing(command, signum):
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        name = f"demo-{process.pid}"
        wait_until(lambda: name in state.names(), 10, "the lab is begun")
        os.kill(process.pid, signum)
        assert process.wait(30) == 130
        assert process.stdout.read().endswith("interrupted\n")
    assert name not in state.names()


def test_demo_without_programs(tmp_path):
    """It says what is missing, counts it as failed, and leaves nothing."""
    run = subprocess.run([str(TOP / "lab/nethv-demo"), "--bindir",
                          str(tmp_path / "absent")], text=True,
                         capture_output=True, timeout=60, check=False)
    assert run.returncode == 1
    assert "absent: no such directory" in run.stdout
    assert run.stdout.splitlines()[-1] == "0 passed, 1 failed"
