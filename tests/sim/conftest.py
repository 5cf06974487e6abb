# SPDX-License-Identifier: Apache-2.0
import pathlib

import pytest

NOTES = []


def pytest_addoption(parser):
    parser.addoption("--bindir", default=".", help="the folder in which nethv was built")


def pytest_terminal_summary(terminalreporter):
    """How many schedules there were, for ./quickstart test."""
    for line in NOTES:
        terminalreporter.write_line(f"SIMULATED {line}")


@pytest.fixture(scope="session")
def simulate(request):
    return pathlib.Path(request.config.getoption("--bindir")).resolve() / "tests/simulate"


@pytest.fixture
def note():
    return NOTES.append
