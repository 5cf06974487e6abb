# SPDX-License-Identifier: Apache-2.0
import os

import pytest


def pytest_addoption(parser):
    parser.addoption("--bindir", default=".",
                     help="the folder in which nethv was built")


@pytest.fixture(scope="session")
def trace_run(request):
    """The program that runs frames through rules; see tests/trace-run.c."""
    return os.path.join(request.config.getoption("--bindir"),
                        "tests/trace-run")
