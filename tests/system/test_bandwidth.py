# SPDX-License-Identifier: Apache-2.0
"""Gateways measure the bandwidth of the paths between clouds when they are asked
to, and lose nobody's frames by it."""

from __future__ import annotations

import json
import re

import pytest

from nethvlab import nethv, wan
from traffic import Stream
from wires import wait_until

RATES = {("a1", "b1"): 20e6, ("b1", "a1"): 60e6}    # bit/s
PORTS = [{"name": name, "mac": f"02:00:00:00:00:{i + 1:02x}",
          "ips": [f"10.9.0.{i + 1}/24"]} for i, name in enumerate("abc")]
SCENARIO = {
    "nethv-lab": 1, "name": "bandwidth",
    "clouds": [{"name": name, "provider": "private", "hosts": [
        {"name": f"{name}-gw", "public_ip": f"198.51.100.{i + 1}"}]}
        for i, name in enumerate(("a1", "b1", "c1"))],
    "links": [{"between": ["a1", "b1"], "rtt": 10},
              {"between": ["b1", "c1"], "rtt": 10},
              {"between": ["a1", "c1"], "rtt": 100}],
    "networks": [{"nethv": 1, "tenant": "acme", "networks": [{
        "name": "net", "switches": [{"name": "s", "ports": PORTS}]}]}],
    "endpoints": [{"name": f"e-{name}1", "host": f"{name}1-gw",
                   "port": f"acme/net/s/{name}"} for name in "abc"],
}


def failure(lab, *args):
    """What nethvctl says of a failure."""
    result = lab.run("a1-gw", ["nethvctl", *args], check=False)
    assert result.returncode == 1 and not result.stdout, result
    return result.stderr


def asked(lab):
    """How often bandwidth was asked for."""
    return nethv.ctl(lab, "--bare", "--columns=bandwidth_wanted", "list",
                     "Cloud_Link").split()


def packets(lab, host, table, words):
    """How many the rules of 'table' with these words have had, on a host."""
    rules = lab.run(host, ["ovs-ofctl", "-OOpenFlow15", "dump-flows", "br-int",
                           f"table={table}"]).stdout
    return sum(int(re.search(r"n_packets=(\d+)", rule)[1])
               for rule in rules.splitlines() if re.search(words, rule))


@pytest.fixture(scope="module")
def limited(lab):
    """The lab, with a WAN that is narrower one way than the other."""
    for (a, b), rate in RATES.items():
        wan.call(lab.node("wan"), "link/set", a, b, f"rate={rate:.0f}")
    wait_until(lambda: nethv.ctl(lab, "tree-show").count(" up ") >= 2, 20,
               "the tunnels are up")
    return lab


def test_measured_both_ways(limited, capture, record_property):
    astray = capture("e-b1", "eth0", "ether proto 0x88b5")
    with Stream(limited, "e-a1", "10.9.0.2") as stream:
        wait_until(lambda: len(stream.replies) > 10, 10, "pings are answered")
        found = json.loads(nethv.ctl(limited, "--timeout=50", "--format=json",
                                     "bandwidth", "a1", "b1"))
        sent = max(stream.replies)
        wait_until(lambda: max(stream.replies) > sent + 50, 10, "pings go on")
        missing = set(range(1, sent)) - set(stream.replies)
        assert not missing and not stream.twice
    assert [(way["from"], way["to"]) for way in found] == list(RATES)
    for way, rate in zip(found, RATES.values()):
        record_property(f"of {rate / 1e6:g} Mbit/s", f"{way['mbps']:.1f}")
        assert 0.6 * rate <= 1e6 * way["mbps"] <= 1.4 * rate
    shown = nethv.ctl(limited, "tree-show")
    assert f", {found[0]['mbps']:.1f} Mbit/s to b1" in shown
    assert f", {found[1]['mbps']:.1f} Mbit/s to a1" in shown
    assert not astray.stop()


def test_fillers_end_in_the_rules(limited):
    """At the other gateway, where they neither go to the agent nor further."""
    nethv.ctl(limited, "--timeout=50", "bandwidth", "a1", "b1")
    wait_until(lambda: packets(limited, "b1-gw", 110, "controller")
                      < packets(limited, "b1-gw", 110, "priority=310"), 5,
                      "more fillers than control frames")


def test_errors_are_sentences(limited):
    before = asked(limited)
    assert 'no cloud called "x1"' in failure(limited, "bandwidth", "a1", "x1")
    assert "give two" in failure(limited, "bandwidth", "a1", "a1")
    assert asked(limited) == before


def test_no_tunnel(limited):
    limited.cut("a1", "c1")
    try:
        wait_until(lambda: "no tunnel between a1 and c1" in failure(
            limited, "--timeout=1", "bandwidth", "a1", "c1"), 20,
            "the tunnel is down")
    finally:
        limited.heal("a1", "c1")


def test_nobody_answers(limited):
    limited.kill("gateway", "c1-gw", "STOP")
    try:
        assert "the gateway of cloud c1 does not answer that of b1" in failure(
            limited, "bandwidth", "b1", "c1")
    finally:
        limited.kill("gateway", "c1-gw", "CONT")
