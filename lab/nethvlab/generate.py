# SPDX-License-Identifier: Apache-2.0
"""Scenarios of any size: "scale" of nethv-lab(8)."""

from __future__ import annotations

from typing import Any

from . import LabError

# Of all clouds together: each host has an Open vSwitch of its own.
MAX_HOSTS = 200
MAX_CLOUDS = 32
RTT = 20


def _cloud(number: int, n_hosts: int) -> dict[str, Any]:
    hosts: list[dict[str, str]] = [{"name": f"c{number}-h{i}"}
                                   for i in range(1, n_hosts + 1)]
    hosts[0]["public_ip"] = f"198.51.100.{number}"
    return {"name": f"c{number}", "provider": "aws", "hosts": hosts}


def scale(n_hosts: int, n_clouds: int = 1) -> dict[str, Any]:
    """A scenario of 'n_clouds' clouds, of 'n_hosts' hosts each of which the first
    is the gateway; all clouds are equally far apart."""
    if not 1 <= n_clouds <= MAX_CLOUDS:
        raise LabError(f"scale: 1 to {MAX_CLOUDS} clouds, not {n_clouds}")
    if not 1 <= n_hosts * n_clouds <= MAX_HOSTS:
        raise LabError(f"scale: 1 to {MAX_HOSTS} hosts in all, not "
                       f"{n_hosts * n_clouds}")
    numbers = range(1, n_clouds + 1)
    return {
        "nethv-lab": 1, "name": f"scale-{n_hosts}-{n_clouds}",
        "description": f"{n_clouds} clouds of {n_hosts} hosts each",
        "clouds": [_cloud(number, n_hosts) for number in numbers],
        "links": [{"between": [f"c{a}", f"c{b}"], "rtt": RTT}
                  for a in numbers for b in numbers if a < b]}
