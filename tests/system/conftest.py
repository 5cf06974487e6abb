# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests.

A test module says with SCENARIO which lab it wants, a name or a document, and
gets it as the fixture 'lab': brought up once for the module, under a name of
its own, and taken down at its end whatever happens.  Run as root:

    /usr/bin/python3 -m pytest tests/system --bindir build
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(TOP / "lab"), str(Path(__file__).resolve().parent)]

from nethvlab import LabError, lab as labs, scenario  # noqa: E402
from nethvlab.lab import Lab  # noqa: E402
from wires import Capture, Wire  # noqa: E402

TOOLS = ("ping", "iperf3", "bash")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--bindir", default=os.environ.get("NETHV_BINDIR"),
        help="build tree with nethv's programs (default: $NETHV_BINDIR, else "
             "those installed)")


def _obstacle(bindir: str | None) -> str | None:
    """Why no lab can run here, or None."""
    try:
        labs.check_machine()
        labs.Programs(bindir).find("nethv-wan")
    except LabError as error:
        return str(error)
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    return f"{', '.join(missing)} missing" if missing else None


def pytest_collection_modifyitems(config: pytest.Config,
                                  items: list[pytest.Item]) -> None:
    obstacle = _obstacle(config.getoption("--bindir"))
    if obstacle:
        config.stash[_OBSTACLE] = obstacle
        for item in items:
            if "lab_needed" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip(reason=obstacle))


_OBSTACLE = pytest.StashKey[str]()


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int,
                            config: pytest.Config) -> None:
    obstacle = config.stash.get(_OBSTACLE, None)
    if obstacle:
        terminalreporter.section("NO LAB: system tests were skipped")
        terminalreporter.line(obstacle)
    measured = [(report.nodeid, name, value)
                for report in terminalreporter.getreports("passed")
                for name, value in report.user_properties
                if report.when == "call"]
    if measured:
        terminalreporter.section("measured")
        for nodeid, name, value in measured:
            terminalreporter.line(f"{value:>8}  {name}: "
                                  f"{nodeid.partition('::')[2]}")


@pytest.fixture(scope="session")
def lab_needed() -> None:
    """Marks what is skipped where no lab can run."""


@pytest.fixture(scope="session")
def bindir(request: pytest.FixtureRequest) -> str | None:
    given = request.config.getoption("--bindir")
    return str(Path(given).resolve()) if given else None


@pytest.fixture(scope="module")
def new_lab(lab_needed: None, bindir: str | None
            ) -> Iterator[Callable[..., Lab]]:
    """Brings up a lab of a scenario (name or document); further arguments are
    those of nethvlab.lab.Options."""
    made: list[str] = []

    def bring_up(wanted: str | dict[str, Any], **options: Any) -> Lab:
        chosen = (scenario.load(wanted) if isinstance(wanted, str)
                  else scenario.parse(wanted))
        name = f"test-{chosen.name}-{os.getpid()}-{len(made)}"
        made.append(name)
        return labs.up(chosen, name, labs.Options(bindir, **options), print)

    yield bring_up
    for name in made:
        try:
            labs.down(name)
        except LabError:
            pass        # The test took it down itself.


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, new_lab: Callable[..., Lab]) -> Lab:
    """The lab that the module's SCENARIO and LAB_OPTIONS ask for."""
    return new_lab(getattr(request.module, "SCENARIO", "three-clouds"),
                   **getattr(request.module, "LAB_OPTIONS", {}))


@pytest.fixture
def wire(lab: Lab) -> Iterator[Callable[..., Wire]]:
    """Opens the interface of a place: wire(place, interface="eth0")."""
    opened: list[Wire] = []

    def open_wire(place: str, interface: str = "eth0") -> Wire:
        opened.append(Wire(lab, place, interface))
        return opened[-1]

    yield open_wire
    for one in opened:
        one.close()


@pytest.fixture
def capture(lab: Lab) -> Iterator[Callable[..., Capture]]:
    """Starts tcpdump: capture(place, interface="eth0", expression="")."""
    started: list[Capture] = []

    def start(place: str, interface: str = "eth0", expression: str = ""
              ) -> Capture:
        started.append(Capture(lab, place, interface, expression))
        return started[-1]

    yield start
    for one in started:
        one.close()
