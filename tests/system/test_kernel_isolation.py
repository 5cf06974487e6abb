# SPDX-License-Identifier: Apache-2.0
"""The tests of isolation once more, with the kernel's datapath in a host of each
cloud: that which forged and spoofed frames are for, and one far away."""

import kernel  # noqa: F401 pylint: disable=unused-import
from test_isolation import *    # noqa: F401,F403 pylint: disable=C,W

LAB_OPTIONS = {"vms": ("aws1-vm1", "gcp1-vm1"), "lab_uplink": True}
