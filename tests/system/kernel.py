# SPDX-License-Identifier: Apache-2.0
"""What the tests with virtual machines, whose names begin with test_kernel_,
have in common: who imports this is skipped but in the long run."""

from __future__ import annotations

import pytest

from wires import LONG

if not LONG:
    pytest.skip("virtual machines without acceleration take their time: "
                "./quickstart test --long", allow_module_level=True)


def check_datapaths(lab):
    """The virtual machines have the kernel's, the others do not."""
    for host in lab.scenario.hosts:
        kind = lab.run(host.name, ["ovs-vsctl", "get", "Bridge", "br-int",
                                   "datapath_type"]).stdout.strip()
        assert kind == ("system" if lab.in_vm(host.name) else "netdev")
