# SPDX-License-Identifier: Apache-2.0
"""The tests of frames once more, with the kernel's datapath in a host of either
end of the chain of clouds."""

import pytest

import kernel  # noqa: F401 pylint: disable=unused-import
from test_frames import *       # noqa: F401,F403 pylint: disable=C,W
from frames import NOT_NSH
from test_frames import NATIVE, Way, collect, flooded, mtu_of, side, silence, \
    unicast

LAB_OPTIONS = {"vms": ("aws1-vm1", "az1-vm1"), "lab_uplink": True}
WAYS = [NATIVE, Way("direct", (("*", ("geneve",)),)),
        Way("tree", (("*", ("vxlan",)),))]


@pytest.fixture(autouse=True)
def quiet(site):
    """Nothing of one test is seen in the next, and no tunnel is down because
    the machine was too busy to say that it is up."""
    site.wait_tree()
    silence([*site.workloads.values(), *site.wan()])


def test_frames_that_the_kernel_drops(site):
    """It looks for an NSH header behind that Ethernet type, before Open vSwitch
    sees the frame."""
    a, b = site.some("a1 a2")
    frames = {**unicast(side(a), side(b), 1300),
              **flooded(side(a), 1, mtu_of(site))}
    for name in NOT_NSH:
        a.send(frames[name])
    last = a.send(frames["made-up ethertype"])
    found = collect(site.workloads.values(), enough=lambda f: f[b])
    assert found.pop(b) == [last]
    assert not any(found.values())
