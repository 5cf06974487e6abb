# SPDX-License-Identifier: Apache-2.0
"""Each rule that `nethvctl firewall` lists is removed in turn, and diagnose
names it.  With NETHV_TEST_LONG=1 for all scenarios and encapsulations."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from nethvlab import lab as labs, nethv
from wires import LONG, wait_until

CARRIERS = {"gre": "IP protocol 47 (GRE)", "geneve": "UDP port 6081 (Geneve)",
            "vxlan": "UDP port 4789 (VXLAN)"}
CLOUDS = {"three-clouds": ["aws1", "az1", "gcp1"],
          "private": ["dc1", "aws1", "gcp1"]}
# Scenario, and encapsulation of all clouds that let it pass; "mixed" for one of
# each.
SETTINGS = [("three-clouds", "mixed")]
if LONG:
    SETTINGS += [(scenario, encap) for scenario in CLOUDS
                 for encap in CARRIERS]

MIXED = [["gre", "geneve"], ["geneve", "vxlan"], ["vxlan"]]

# What the rules are for, as their comments say.
INSIDE = "tunnels between hosts"
OUTSIDE = "tunnels from other clouds' gateways"
RELAY = "the relay, for the cloud's agents"
JOINING = "joining"
DATABASE = "the database, for other clouds' gateways"
GATEWAYS_JOINING = "joining, for other clouds' gateways"


@dataclass
class Setting:
    """A lab and how its clouds encapsulate."""
    lab: labs.Lab
    encaps: dict[str, list[str]]

    def first(self) -> str:
        return nethv.first_gateway(self.lab).name

    def inside(self, cloud: str) -> str:
        return self.encaps[cloud][0]

    def between(self, a: str, b: str) -> str:
        return next(one for one in CARRIERS
                    if one in self.encaps[a] and one in self.encaps[b])

    def diagnose(self, machine: str, program: str = "nethv-agent"):
        result = self.lab.run(machine, [program, "diagnose"], check=False,
                              timeout=90)
        return result.returncode, result.stdout

    def names(self, machine: str, *sentences: str,
              program: str = "nethv-agent") -> bool:
        """Whether a line of what is wrong has each of the sentences."""
        code, text = self.diagnose(machine, program)
        wrong = [line for line in text.splitlines()
                 if line.startswith("WRONG")]
        return code == 1 and all(any(sentence in line for line in wrong)
                                 for sentence in sentences)

    def wait_named(self, machine: str, *sentences: str,
                   program: str = "nethv-agent") -> None:
        wait_until(lambda: self.names(machine, *sentences, program=program),
                   20, lambda: f"{program} diagnose on {machine} names "
                   f"{sentences}: {self.diagnose(machine, program)[1]}")

    def wait_well(self, *machines: str) -> None:
        def wrong(machine) -> str:
            code, text = self.diagnose(machine)
            return text if code else ""

        def all_wrong() -> str:
            with ThreadPoolExecutor(4) as pool:
                return "\n".join(filter(None, pool.map(wrong, machines)))
        wait_until(lambda: not all_wrong(), 30, all_wrong)

    @contextmanager
    def changed(self, cloud: str, change):
        """The firewall of 'cloud' with the rules that 'change' returns for
        those that it should have."""
        rules = nethv.firewall(self.lab, self.lab.scenario.cloud(cloud))
        self.lab.set_firewall(cloud, change(rules))
        try:
            yield
        finally:
            self.lab.set_firewall(cloud, rules)

    def without(self, cloud: str, purpose: str, words: str = ""):
        """The firewall of 'cloud' without its one rule for 'purpose' that has
        'words'."""
        def change(rules):
            kept = [rule for rule in rules if words not in rule
                    or f'comment "{purpose}"' not in rule]
            assert len(kept) == len(rules) - 1, rules
            return kept
        return self.changed(cloud, change)


@pytest.fixture(scope="module", params=SETTINGS,
                ids=lambda param: "-".join(filter(None, param)))
def setting(request, new_lab):
    scenario, encap = request.param
    lab = new_lab(scenario)
    encaps = {}
    for cloud, mixed in zip(lab.scenario.clouds, MIXED):
        wanted = mixed if encap == "mixed" else [encap]
        if encap == "gre" and any(one.drops for one in lab.scenario.clouds):
            # A cloud that drops it needs something in common with the others.
            wanted = ["geneve"] if cloud.drops else ["gre", "geneve"]
        encaps[cloud.name] = wanted
        nethv.ctl(lab, "set", "cloud", cloud.name,
                  f"encaps={','.join(wanted)}")
    nethv.open_firewalls(lab)
    made = Setting(lab, encaps)
    made.wait_well(*(host.name for host in lab.scenario.hosts))
    yield made
    labs.down(lab.name)


def cloud_of(setting, number):
    return CLOUDS[setting.lab.scenario.name][number]


def other_host(setting, cloud):
    """A host of 'cloud' that is no gateway."""
    return next(host for host in setting.lab.scenario.cloud(cloud).hosts
                if not host.gateway)


NUMBERS = pytest.mark.parametrize("number", [0, 1, 2])
FEWER_NUMBERS = pytest.mark.parametrize("number", [0, 1, 2] if LONG else [2])


@NUMBERS
def test_tunnels_in_a_cloud(setting, number):
    cloud = cloud_of(setting, number)
    host = other_host(setting, cloud)
    carrier = CARRIERS[setting.inside(cloud)]
    gateway = setting.lab.scenario.cloud(cloud).hosts[0]
    others = [one for one in setting.lab.scenario.cloud(cloud).hosts
              if one is not host]
    with setting.without(cloud, INSIDE):
        setting.wait_named(host.name, *(
            f"host {one.name} can be reached by TCP, for the database says "
            f"that it is alive, but not through the tunnel: firewalls must "
            f"let in {carrier} from {host.private_ip} to {one.private_ip} and "
            f"back" for one in others))
        setting.wait_named(setting.first(), f"host {host.name}: gateway "
                           f"{gateway.name} is alive but does not answer "
                           f"through the tunnel: firewalls must let in "
                           f"{carrier} from {host.private_ip} to "
                           f"{gateway.private_ip} and back",
                           program="nethvctl")
    setting.wait_well(host.name)


def tunnels(setting):
    """The tunnels of the tree: pairs of clouds."""
    names = [cloud.name for cloud in setting.lab.scenario.clouds]
    for i, a in enumerate(names):
        for b in names[i + 1:]:
            if re.search(rf"\b{a}-gw\b.*\b{b}-gw\b|\b{b}-gw\b.*\b{a}-gw\b",
                         nethv.ctl(setting.lab, "tree-show")):
                yield a, b


@NUMBERS
def test_tunnels_between_clouds(setting, number):
    cloud = cloud_of(setting, number)
    peers = [b if a == cloud else a for a, b in tunnels(setting)
             if cloud in (a, b)]
    assert peers
    one = setting.lab.scenario.cloud(cloud)
    for encap in {setting.between(cloud, peer) for peer in peers}:
        reached = [peer for peer in peers
                   if setting.between(cloud, peer) == encap]
        words = {"gre": "l4proto 47", "geneve": "dport 6081",
                 "vxlan": "dport 4789"}[encap]
        with setting.without(cloud, OUTSIDE, words):
            for peer in reached:
                public = setting.lab.scenario.cloud(peer).hosts[0].public_ip
                setting.wait_named(one.hosts[0].name,
                                   f"the tunnel to gateway {public}: the "
                                   "firewalls of both clouds must let in "
                                   f"{CARRIERS[encap]} from each other's")
                pair = sorted([cloud, peer])
                setting.wait_named(setting.first(), CARRIERS[encap],
                                   f"cloud {pair[0]}", f"cloud {pair[1]}",
                                   program="nethvctl")
        setting.wait_well(one.hosts[0].name)


@FEWER_NUMBERS
@pytest.mark.parametrize("purpose, port", [(RELAY, 6646), (JOINING, 6647)])
def test_services_in_a_cloud(setting, number, purpose, port):
    cloud = cloud_of(setting, number)
    host = other_host(setting, cloud).name
    with setting.without(cloud, purpose):
        setting.wait_named(host, f"must let in TCP port {port}")


@pytest.mark.parametrize("purpose, port", [(DATABASE, 6645),
                                           (GATEWAYS_JOINING, 6647)])
def test_services_for_other_clouds(setting, purpose, port):
    cloud = setting.lab.scenario.host(setting.first()).cloud
    other = next(one for one in setting.lab.scenario.clouds
                 if one.name != cloud)
    with setting.without(cloud, purpose):
        setting.wait_named(other.hosts[0].name,
                           f"must let in TCP port {port}")


# Rules that are there for some.

def drop(setting, cloud, source, destination):
    encap = setting.inside(cloud)
    words = {"gre": "ip protocol gre", "geneve": "udp dport 6081",
             "vxlan": "udp dport 4789"}[encap]
    return (f"ip saddr {source.private_ip} ip daddr {destination.private_ip} "
            f"{words} drop")


def test_one_way_only(setting):
    """The gateway is not heard by one host: it knows which way is blocked."""
    cloud = cloud_of(setting, 0)
    gateway, host = setting.lab.scenario.cloud(cloud).hosts[:2]
    blocked = drop(setting, cloud, gateway, host)
    with setting.changed(cloud, lambda rules: [blocked, *rules]):
        setting.wait_named(setting.first(), f"host {gateway.name}: host "
                           f"{host.name} reaches this host through the tunnel "
                           f"but does not hear it: firewalls must let in "
                           f"{CARRIERS[setting.inside(cloud)]} from "
                           f"{gateway.private_ip} to {host.private_ip}",
                           program="nethvctl")
    setting.wait_well(host.name)


def test_two_hosts_only(setting):
    """No gateway is concerned: only the hosts know."""
    cloud = cloud_of(setting, 0)
    _, a, b = setting.lab.scenario.cloud(cloud).hosts
    blocked = drop(setting, cloud, a, b)
    with setting.changed(cloud, lambda rules: [blocked, *rules]):
        setting.wait_named(b.name, f"host {a.name} can be reached by TCP")
        code, text = setting.diagnose(a.name)
        assert code == 1 and text.count("WRONG") == 1, text
        assert f"from {a.private_ip} to {b.private_ip} and back" in text
    setting.wait_well(a.name, b.name)
