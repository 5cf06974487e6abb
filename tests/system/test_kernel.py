# SPDX-License-Identifier: Apache-2.0
"""The tests of frames and of isolation once more, where some hosts are virtual
machines with Debian's cloud kernel and its datapath of Open vSwitch."""

import os

import pytest

if not os.environ.get("NETHV_TEST_LONG"):
    pytest.skip("virtual machines without acceleration take their time: "
                "./quickstart test --long", allow_module_level=True)

from test_frames import *       # noqa: E402,F401,F403 pylint: disable=C,W

LAB_OPTIONS = {"vms": ("aws1-gw", "aws1-vm1", "az1-gw", "az1-vm1")}
