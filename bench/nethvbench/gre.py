# SPDX-License-Identifier: Apache-2.0
"""Plain GRE with NORMAL, on the hosts of a lab of nethv: another bridge, the
same namespaces, the same daemons, the same wire."""

from __future__ import annotations

from .site import Site

# No location begins with cloud 0: this key is never one of nethv's.
KEY = 1


class Gre:
    """A bridge on h2 and one on h3, joined by a tunnel, a workload at each."""

    source = "h2/g2"
    target = "h3/g3"
    target_ip = "192.0.2.103"

    def __init__(self, site: Site):
        for host, other in ("h2", "h3"), ("h3", "h2"):
            number = int(host[1:])
            name = f"g{number}"
            site.make_workload(host, name, f"192.0.2.{100 + number}",
                               f"02:00:00:00:01:{number:02x}")
            site.run(host, "ovs-vsctl", "add-br", "br-gre", "--", "set",
                     "Bridge", "br-gre", "datapath_type=netdev", "--",
                     "add-port", "br-gre", name, "--", "add-port", "br-gre",
                     "gre0", "--", "set", "Interface", "gre0", "type=gre",
                     f"options:remote_ip={site.ip(other)}",
                     f"options:key={KEY}")
