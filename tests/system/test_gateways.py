# SPDX-License-Identifier: Apache-2.0
"""A cloud with two gateways, in the middle of the tree: when the first one dies,
other clouds' gateways turn to the second, and turn back."""

from __future__ import annotations

import copy
import json
import time

import pytest

from nethvlab import nethv, scenario
from probes import Probes
from trees import one_each
from wires import wait_until

STREAMS = [(0, 1), (1, 0), (0, 2), (2, 0), (2, 1)]
# Three hellos unanswered, then tunnels: some seconds each.
TURN = 45


def two_gateways():
    document = copy.deepcopy(scenario.load("three-clouds").document)
    for cloud in document["clouds"]:
        if cloud["name"] == "az1":
            cloud["hosts"].insert(1, {"name": "az1-gw2",
                                      "public_ip": "198.51.100.22"})
    return document


CLOUDS, SCENARIO = one_each(two_gateways())

pytestmark = pytest.mark.parametrize("lab", [SCENARIO], indirect=True,
                                     ids=[""], scope="module")


def wait_flowing(probes, what):
    moment = time.time()
    wait_until(lambda: all(probes.first_since(a, b, moment)
                           for a, b in STREAMS), TURN, what)
    return max(probes.first_since(a, b, moment) for a, b in STREAMS) - moment


def remotes(lab, host):
    """Where the tunnels of gateway 'host' lead to, by the agent's handover."""
    status = json.loads(lab.run(host, [
        "ovs-appctl", "-t", "/run/nethv/nethv-gateway.ctl", "status"]).stdout)
    return {edge["cloud"]: edge["remote_ip"]
            for edge in status.get("handover", {}).get("edges", [])}


def test_other_clouds_turn_to_the_second_gateway(lab, record_property):
    az1 = int(nethv.ctl(lab, "get", "cloud", "az1", "id"))
    with_second = "198.51.100.22"
    probes = Probes(lab, [f"e-{name}" for name in CLOUDS],
                    lambda i: f"10.9.0.{i + 1}", "10.9.0.255")
    with probes:
        for a, b in STREAMS:
            probes.send(a, b)
        for a in range(3):
            probes.send(a, None, 0.02)
        wait_flowing(probes, "traffic flows by the first gateway")
        assert remotes(lab, "az1-gw2") == {}
        lab.cut("az1-gw")
        began = time.time()
        wait_until(lambda: not probes.first_since(0, 1, time.time() - 0.5),
                   TURN, "nothing comes by the first gateway any more")
        wait_flowing(probes, "traffic flows by the second gateway")
        record_property("seconds until the second serves",
                        round(time.time() - began, 1))
        for host in "aws1-gw", "gcp1-gw":
            assert remotes(lab, host).get(az1) == with_second
        lab.heal("az1-gw")
        wait_until(lambda: remotes(lab, "az1-gw2") == {}, TURN,
                   "the second stands by again")
        record_property("seconds until the first serves again", round(
            wait_flowing(probes, "traffic flows by the first again"), 1))
        for host in "aws1-gw", "gcp1-gw":
            assert remotes(lab, host).get(az1) != with_second
        probes.stop()
        time.sleep(0.5)
        assert not probes.twice()
        assert not probes.astray()
