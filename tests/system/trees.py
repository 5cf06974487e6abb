# SPDX-License-Identifier: Apache-2.0
"""What gateways say of the tree."""

from __future__ import annotations

import json
from typing import Any

from nethvlab.lab import Lab


def gateway_status(lab: Lab, host: str) -> dict[str, Any]:
    return json.loads(lab.run(host, [
        "ovs-appctl", "-t", "/run/nethv/nethv-gateway.ctl", "status"]).stdout)


def follows_plan(lab: Lab) -> bool:
    """Whether all gateways stamp the tree of one plan, that of all clouds: a
    tunnel that is made anew, or has been cut, is down at first, and a standby
    edge takes its place."""
    gateways = [host for host in lab.scenario.hosts if host.gateway]
    clouds = {host.cloud for host in gateways}
    said = [gateway_status(lab, host.name)["repair"] for host in gateways]
    return (len({repair["plan"] for repair in said}) == 1
            and all(repair["ready"] and not repair["prepared"]
                    and len(repair["connected"]) == len(clouds)
                    and repair["number"] == 2 * repair["plan"]
                    and repair["stamp"] == repair["number"] % 4
                    for repair in said))
