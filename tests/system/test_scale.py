# SPDX-License-Identifier: Apache-2.0
"""What rules and changes cost does not grow with the system: 200 clouds, 1,000
hosts, up to 10,000 tenants of 10 endpoints in 3 clouds each, in memory."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from wires import limit

Found = dict[str, Any]

# Rules for the floods of a switch on a gateway; a few are for its links.
FLOOD_RULES = 8


@pytest.fixture(scope="module")
def scale(pytestconfig: pytest.Config) -> Any:
    bindir = pytestconfig.getoption("--bindir")
    program = Path(bindir or ".") / "tests" / "scale"
    if not program.exists():
        pytest.skip("tests/scale is not built")

    def run(**options: int) -> Found:
        arguments = [f"--{name}={value}" for name, value in options.items()]
        done = subprocess.run([program, *arguments], capture_output=True,
                              text=True, check=True)
        found: Found = json.loads(done.stdout)
        return found

    return run


@pytest.fixture(scope="module")
def small(scale: Any) -> Found:
    return scale(networks=100)


@pytest.fixture(scope="module")
def large(scale: Any) -> Found:
    return scale(networks=10000)


def test_transit_needs_few_rules(small: Found, large: Found) -> None:
    """As many with 1,000 endpoints as with 100,000."""
    transit = large["gateway"]["rules"]["transit"]
    assert large["model"]["endpoints"] == 100000
    assert 200 < transit < 2000
    assert transit == small["gateway"]["rules"]["transit"]
    assert not large["gateway"]["rules"]["own"]


def test_flood_rules_grow_with_the_switches_that_come_through(
        small: Found, large: Found) -> None:
    for found in small, large:
        gateway = found["gateway"]
        assert 0 < gateway["rules"]["flood"] <= FLOOD_RULES \
            * gateway["switches"]
    # Most ways lead through this cloud, but not all.
    assert large["gateway"]["switches"] < 2 * large["model"]["networks"]


def test_addition_costs_the_same(small: Found, large: Found) -> None:
    for kind in "here", "elsewhere":
        few, many = small["additions"][kind], large["additions"][kind]
        for party in "gateway", "host":
            assert 0 < many[party]["owners"] <= 2 * few[party]["owners"]
        rules = [sum(party["rules"] for party in sides.values())
                 for sides in (few, many)]
        assert 0 < rules[1] <= 2 * rules[0]


def test_addition_takes_the_same_time(scale: Any, small: Found, large: Found
                                      ) -> None:
    """Processor's time, the best of three: others use the machine too."""
    def time(found: Found) -> float:
        return float(sum(party["nsec"] for kind in found["additions"].values()
                         for party in kind.values()))

    few = min(time(small), time(scale(networks=100)))
    ratios = [time(large) / few]
    while ratios[-1] > 2 and len(ratios) < 3:
        ratios.append(time(scale(networks=10000)) / few)
    assert min(ratios) <= limit(2, 10), ratios


def test_one_large_switch(scale: Any) -> None:
    found = scale(networks=1, switches=1, endpoints=10000, places=200,
                  additions=3)
    assert found["host"]["endpoints"] == 10000
    assert found["host"]["rules"]["own"] < 8 * 10000
    assert found["gateway"]["rules"]["flood"] <= FLOOD_RULES
    assert found["additions"]["here"]["host"]["owners"] < 30


@pytest.mark.parametrize("clouds, standbys", [(69, 135), (254, 505)])
def test_tree_of_many_clouds(pytestconfig: pytest.Config, clouds: int,
                             standbys: int) -> None:
    """Equal to the naive way's, and sooner."""
    program = Path(pytestconfig.getoption("--bindir") or ".") / "tests/tree-time"
    if not program.exists():
        pytest.skip("tests/tree-time is not built")
    regions = Path(__file__).resolve().parents[1] / "data/region-rtt.csv"
    option = f"--regions={regions}" if clouds == 69 else f"--clouds={clouds}"
    done = subprocess.run([program, option], capture_output=True, text=True,
                          check=True)
    found: Found = json.loads(done.stdout)
    assert found["clouds"] == clouds and found["same"]
    assert clouds / 2 < found["standbys"] <= standbys
    assert found["msec"] < found["naive-msec"]
