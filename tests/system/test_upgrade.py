# SPDX-License-Identifier: Apache-2.0
"""Hosts and gateways of two versions, process after process replaced under
traffic: no packet is lost, none comes twice, and new intent works in between.
With NETHV_TEST_LONG=1 in many more orders, back and forth."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from nethvlab import scenario
from traffic import Stream
from trees import follows_plan
from upgrading import Shop, check_no_loss, go_back, order_of, replace, \
    schema_version, sent, upgrade
from upgrading import next_fixture      # noqa: F401 pylint: disable=W0611
from wires import LONG, wait_until

INTERVAL = 0.005
NOT_HERE = ("az1-vm2", "gcp1-vm2")
SHOP = Shop({"web": "aws1-vm1", "app": "aws1-vm2", "mid": "az1-vm1",
             "db": "gcp1-vm1", "any": "gcp1-vm1"},
            unknown=("any",), prober="web", spare_host="az1-gw")
# Inside a cloud, and between all clouds.
WAYS = (("web", "app"), ("web", "mid"), ("mid", "db"), ("db", "web"),
        ("app", "any"))


def smaller():
    """three-clouds without hosts that nobody needs."""
    base = scenario.load("three-clouds").document
    return {**base, "name": "upgrade", "clouds": [
        {**cloud, "hosts": [host for host in cloud["hosts"]
                            if host["name"] not in NOT_HERE]}
        for cloud in base["clouds"]]}


SCENARIO = SHOP.scenario(smaller())


@pytest.fixture(autouse=True, scope="module")
def begun(lab):
    SHOP.begin(lab)


@pytest.fixture(name="traffic")
def traffic_fixture(lab):
    """The streams of WAYS, running."""
    wait_until(lambda: follows_plan(lab), 20, "the tree is the plan's")
    with ExitStack() as stack:
        streams = [stack.enter_context(Stream(lab, source, SHOP.ip(target),
                                              INTERVAL))
                   for source, target in WAYS]
        for stream in streams:
            stream.go_on()
        yield streams


def test_a_build_that_refuses_this_one_is_noticed(lab, traffic, next_programs):
    """This test can fail: here packets must be lost."""
    check_no_loss(traffic, "nothing")
    ends = [(stream, "app" in way) for stream, way in zip(traffic, WAYS)]
    others = [stream for stream, of_host in ends if not of_host]
    replace(lab, "agent", SHOP.places["app"], f"{next_programs}/../refusing")
    for stream in others:
        stream.go_on(100)
    replace(lab, "agent", SHOP.places["app"], None)
    check_no_loss(others, "the restart of an agent that others do not need")
    for stream, of_host in ends:
        stream.go_on()
        assert not of_host or stream.lost()


ORDERS = [("mixed", 1, "middle")]
if LONG:
    ORDERS += [("gateways", 2, "start"), ("hosts", 3, "end"),
               ("gateways", 4, "end"), ("hosts", 5, "start"),
               *(("mixed", seed, when) for seed, when
                 in enumerate(("start", "middle", "end") * 2, 6))]


@pytest.mark.parametrize("kind, seed, when", ORDERS)
def test_upgrade(lab, traffic, next_programs, record_property, kind, seed,
                 when):
    order, schema = order_of(lab, kind, seed, when), schema_version(lab)
    upgrade(lab, SHOP, traffic, order, next_programs)
    record_property("packets there and back", sent(traffic))
    record_property("processes replaced", len(order))
    if LONG:
        go_back(lab, SHOP, traffic, order, schema)
        record_property("packets with the way back", sent(traffic))
