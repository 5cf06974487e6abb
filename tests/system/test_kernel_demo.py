# SPDX-License-Identifier: Apache-2.0
"""The demonstration once more, where the hosts at both ends of its packet's path
have the kernel's datapath."""

import copy

import pytest

import kernel  # noqa: F401 pylint: disable=unused-import
from nethvlab import demo, scenario
from workloads import Site, Way


def base():
    """Clouds that pass every encapsulation, through open firewalls: those of
    one encapsulation would have no hole for the next."""
    document = copy.deepcopy(scenario.load("three-clouds").document)
    for cloud in document["clouds"]:
        cloud["drops"] = []
    return scenario.parse({**document, "firewall": False})


WORLD = demo.World(base())
SCENARIO = WORLD.scenario().document
LAB_OPTIONS = {"vms": ("aws1-vm1", "gcp1-vm1"), "lab_uplink": True}


@pytest.mark.parametrize("encap", ["gre", "geneve", "vxlan"])
def test_demonstration(lab, encap, capsys):
    site = Site(lab)
    site.travel(Way("direct", (("*", (encap,)),)))
    show = demo.Show()
    demo.Demo(lab, WORLD, show).run()
    said = capsys.readouterr().out
    print(said)
    assert show.failed == 0 and show.passed >= 14
    assert f" {encap}, key " in said
