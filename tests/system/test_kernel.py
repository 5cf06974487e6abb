# SPDX-License-Identifier: Apache-2.0
"""The tests of frames and of isolation once more, where some hosts are virtual
machines with Debian's cloud kernel and its datapath of Open vSwitch."""

import os

import pytest

from test_frames import *       # noqa: F401,F403 pylint: disable=W0401,W0614

LAB_OPTIONS = {"vms": ("aws1-gw", "aws1-vm1", "az1-gw", "az1-vm1")}

pytestmark = pytest.mark.skipif(
    not os.environ.get("NETHV_TEST_LONG"),
    reason="long: virtual machines without acceleration (./quickstart test --long)")
