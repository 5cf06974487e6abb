# SPDX-License-Identifier: Apache-2.0
import pathlib

import pytest


def pytest_addoption(parser):
    parser.addoption("--bindir", default=".", help="the folder in which nethv was built")


@pytest.fixture(scope="session")
def bindir(request):
    return pathlib.Path(request.config.getoption("--bindir")).resolve()
