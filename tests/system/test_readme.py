# SPDX-License-Identifier: Apache-2.0
"""The commands of README.md are run, and end well."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from conftest import TOP
from markdown import blocks, commands, links
from nethvlab import LabError, lab as labs, state

README = TOP / "README.md"
LAB = "three-clouds"                # The lab of ./quickstart lab.
# tests/packages runs those that install packages.
COMMANDS = [(block.line, command) for block in blocks(README)
            if block.words == ("run",) for command in commands(block)]

pytestmark = pytest.mark.usefixtures("lab_needed")


@pytest.fixture(scope="module")
def environment(bindir, tmp_path_factory):
    if not bindir or Path(bindir).resolve() != TOP / "build":
        pytest.skip("the commands of README.md use the directory build")
    if LAB in state.names():
        pytest.skip(f"a lab {LAB} is up")
    yield {**os.environ, "NETHV_LAB": LAB,
           "DESTDIR": str(tmp_path_factory.mktemp("root"))}
    if LAB in state.names():
        try:
            labs.down(LAB)
        except LabError:
            pass


@pytest.mark.parametrize("line, command", COMMANDS)
def test_command(environment, line, command):
    if command == "./quickstart test":
        # This is what runs us.
        assert command in (TOP / ".ci/run").read_text("utf-8")
        return
    run = subprocess.run(["sh", "-ec", command], cwd=TOP, env=environment,
                         text=True, capture_output=True, check=False,
                         stdin=subprocess.DEVNULL, timeout=300)
    assert run.returncode == 0, f"README.md:{line}: {run.stdout}{run.stderr}"
    assert run.stdout.strip()


def test_there_are_commands():
    assert len(COMMANDS) >= 8
    assert COMMANDS[0][1] == "./quickstart"


def test_first_screen_warns():
    first = README.read_text("utf-8").splitlines()[:25]
    assert any("not encrypted" in line for line in first)


@pytest.mark.parametrize("page", ["README.md", "doc/architecture.md",
                                  "doc/tutorial.md"])
def test_links_lead_somewhere(page):
    path = TOP / page
    for link in links(path):
        assert (path.parent / link).exists(), f"{page}: {link}"
