# SPDX-License-Identifier: Apache-2.0
"""Planned changes of the tree, as an operator's costs ask for them: under
probes and floods nothing is lost, nothing comes twice."""

from __future__ import annotations

import json

import pytest

from nethvlab import nethv, scenario
from probes import Probes
from trees import follows_plan, gateway_status, one_each, wait_at_rest
from wires import wait_until

CLOUDS, SCENARIO = one_each(scenario.load("three-clouds").document)

pytestmark = pytest.mark.parametrize("lab", [SCENARIO], indirect=True,
                                     ids=[""], scope="module")


def links(lab):
    """The rows of Cloud_Link, by the names of their clouds."""
    def rows(table, columns):
        return json.loads(nethv.ctl(lab, "--format=json",
                                    f"--columns={columns}", "list",
                                    table))["data"]

    names = {uuid[1]: name for uuid, name in rows("Cloud", "_uuid,name")}
    return {frozenset((names[a[1]], names[b[1]])): uuid[1]
            for uuid, a, b in rows("Cloud_Link", "_uuid,a,b")}


def stamped(lab, cloud):
    handover = gateway_status(lab, f"{cloud}-gw")["handover"]
    return [tree["via"] for tree in handover["trees"]
            if tree["number"] % 4 == handover["stamp"]]


def test_operator_changes_costs(lab):
    """The middle of the chain goes from cloud to cloud."""
    row = links(lab)
    wait_at_rest(lab)
    with Probes(lab, [f"e-{name}" for name in CLOUDS],
                lambda i: f"10.9.0.{i + 1}", "10.9.0.255") as probes:
        for i in range(3):
            probes.send(i, None, 0.01)
            probes.send(i, (i + 1) % 3, 0.01)
        wait_until(lambda: all(
            probes.arrivals(i, (i + 1) % 3)
            and all(probes.arrivals(i, j, True) for j in range(3) if i != j)
            for i in range(3)), 10, "all probes arrive")
        for middle in 2, 0, 1:
            words = []
            for pair, uuid in row.items():
                cost = 1 if CLOUDS[middle] in pair else 50
                words += ["--", "set", "Cloud_Link", uuid, f"cost={cost}"]
            nethv.ctl(lab, *words[1:])
            for i, cloud in enumerate(CLOUDS):
                via = {str(j + 1): (j if i == middle else middle) + 1
                       for j in range(3) if j != i}
                wait_until(lambda c=cloud, v=via: stamped(lab, c) == [v], 20,
                           f"the tree has {CLOUDS[middle]} in its middle")
            wait_until(lambda: follows_plan(lab), 20, "all is as planned")
        wait_at_rest(lab)       # So what is lost has later ones behind it.
        probes.stop()
        assert not probes.twice()
        assert not lost(probes)


def lost(probes):
    """By stream the numbers between the first and the last that arrived which
    did not."""
    found = {}
    for i in range(3):
        for j in range(3):
            for to_all in {True, j != (i + 1) % 3}:
                if i != j:
                    got = {number for number, _, _
                           in probes.arrivals(i, j, to_all)}
                    missing = set(range(min(got), max(got))) - got
                    if missing:
                        found[i, j, to_all] = sorted(missing)
    return found
