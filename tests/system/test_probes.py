# SPDX-License-Identifier: Apache-2.0
"""Gateways measure the WAN, the tree's costs follow, operators' costs win."""

from __future__ import annotations

import pytest

from nethvlab import nethv
from wires import LONG, wait_until

pytestmark = pytest.mark.skipif(not LONG,
                                reason="takes a minute: NETHV_TEST_LONG=1")

RTT = 30.0
SCENARIO = {
    "nethv-lab": 1, "name": "probes",
    "clouds": [{"name": name, "provider": "private", "hosts": [
        {"name": f"{name}-gw", "public_ip": f"198.51.100.{i + 1}"}]}
        for i, name in enumerate(("a1", "b1"))],
    "links": [{"between": ["a1", "b1"], "rtt": RTT}]}


def link(lab, column):
    found = nethv.ctl(lab, "--bare", f"--columns={column}", "list",
                      "Cloud_Link").strip()
    return float(found) if found else None


def test_measured_and_followed(lab):
    uuid = nethv.ctl(lab, "--bare", "--columns=_uuid", "list",
                     "Cloud_Link").strip()
    nethv.ctl(lab, "clear", "Cloud_Link", uuid, "rtt")
    assert link(lab, "rtt") is None
    nethv.ctl(lab, "remove", "Global", ".", "options", "probe")
    wait_until(lambda: link(lab, "rtt"), 60, "the path is measured")
    assert RTT <= link(lab, "rtt") <= 1.3 * RTT
    wait_until(lambda: link(lab, "loss") is not None, 10, "loss is known")
    wait_until(lambda: "cost 3" in nethv.ctl(lab, "tree-show"), 20,
               "the tree has the measured cost")
    nethv.ctl(lab, "set", "Cloud_Link", uuid, "cost=77")
    wait_until(lambda: "cost 77" in nethv.ctl(lab, "tree-show"), 20,
               "the operator's cost is what counts")
