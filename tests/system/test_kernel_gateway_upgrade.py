# SPDX-License-Identifier: Apache-2.0
"""The test of upgrades once more, where one of the gateways has the kernel's
datapath and all others have not: nothing at all is lost."""

from test_kernel_upgrade import *   # noqa: F401,F403 pylint: disable=C,W

LAB_OPTIONS = {"vms": ("gcp1-gw",), "lab_uplink": True}
ORDERS = {"gre": ("hosts", 4, "start"), "vxlan": ("gateways", 5, "end")}
