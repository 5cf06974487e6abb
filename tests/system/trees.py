# SPDX-License-Identifier: Apache-2.0
"""What gateways say of the tree."""

from __future__ import annotations

import json
import time
from typing import Any

from nethvlab.lab import Lab
from wires import wait_until

# lib/slots.h: after that no slot rests, and none is kept for a tree of before.
REST = 2.5



def one_each(document):
    """The names of the clouds of the scenario 'document', and that scenario with
    a network that has an endpoint in each of them: 10.9.0.1 and so on."""
    clouds = [cloud["name"] for cloud in document["clouds"]]
    return clouds, {
        **document,
        "networks": [{"nethv": 1, "tenant": "acme", "networks": [
            {"name": "net", "switches": [{"name": "s", "ports": [
                {"name": name, "mac": f"02:00:00:00:00:{i:02x}",
                 "ips": [f"10.9.0.{i}/24"]}
                for i, name in enumerate(clouds, 1)]}]}]}],
        "endpoints": [{"name": f"e-{name}", "host": f"{name}-vm1",
                       "port": f"acme/net/s/{name}"} for name in clouds],
    }


def gateway_status(lab: Lab, host: str) -> dict[str, Any]:
    return json.loads(lab.run(host, [
        "ovs-appctl", "-t", "/run/nethv/nethv-gateway.ctl", "status"]).stdout)


def _gateways(lab: Lab, asked: str) -> list[str]:
    every = [host.name for host in lab.scenario.hosts if host.gateway]
    quick = [name for name in every if not lab.in_vm(name)]
    return quick or every if asked == "quick" else every


def follows_plan(lab: Lab, asked: str = "all") -> bool:
    """Whether all gateways stamp the tree of one plan, that of all clouds: a
    tunnel that is made anew, or has been cut, is down at first, and a standby
    edge takes its place.  "quick": those in virtual machines, whom a question
    keeps from their work, are not asked: their neighbours see it too."""
    clouds = {host.cloud for host in lab.scenario.hosts if host.gateway}
    said = [gateway_status(lab, name)["repair"]
            for name in _gateways(lab, asked)]
    return (len({repair.get("plan") for repair in said}) == 1
            and all(repair.get("ready") and not repair["prepared"]
                    and len(repair["connected"]) == len(clouds)
                    and repair["number"] == 2 * repair["plan"]
                    and repair["stamp"] == repair["number"] % 4
                    for repair in said))


def wait_at_rest(lab: Lab, timeout: float = 30) -> None:
    """Waits until the plan has been followed so long that nothing of what was
    before it is left anywhere."""
    since = time.monotonic()

    def at_rest() -> bool:
        nonlocal since
        if not follows_plan(lab, "quick"):
            since = time.monotonic()
        return time.monotonic() - since >= REST and follows_plan(lab)

    wait_until(at_rest, timeout, "the plan is followed, and all is at rest")
