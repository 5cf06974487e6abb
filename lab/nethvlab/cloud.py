# SPDX-License-Identifier: Apache-2.0
"""A cloud: a router node with the cloud's inner network.

The hosts' NICs hang on the bridge "vpc" of the router, which is also their
default gateway.  As in a real cloud,

- each host may send from its own MAC and IP address only, and only IPv4;
- a provider's network answers ARP itself and floods no request;
- a gateway's public address is on no NIC: the router translates 1:1;
- a host without a public address reaches nothing outside;
- from outside, and between hosts, only what the firewall lists gets in;
- what the provider drops (Azure: GRE) passes neither inside nor outside.

The firewall is stricter than most: it knows connections for TCP only, so a
tunnel needs a rule at both ends.
"""

from __future__ import annotations

from typing import Iterable, Sequence

from . import wan
from .namespaces import Node, checksums_off, set_sysctl
from .scenario import Cloud, Host, Scenario

BRIDGE = "vpc"
TUNNELS = ("ip protocol gre", "udp dport 6081", "udp dport 4789")
CONTROL = "tcp dport 6640-6659"

# The firewall of a cloud: rules of nftables that accept by "ip saddr", "ip
# daddr" (a private address) and port; None lets everything in.
Rules = Sequence[str] | None


def port_of(host: Host) -> str:
    """The interface of the router that leads to 'host'."""
    return f"p-{host.name}"


def default_rules(scenario: Scenario, cloud: Cloud) -> list[str]:
    """What nethv may need to be let into 'cloud', whether it is there or
    not."""
    peers = [gateway.public_ip for gateway in scenario.gateways()
             if gateway.cloud != cloud.name and gateway.public_ip]
    rules = []
    for host in cloud.hosts:
        for source in [str(cloud.subnet)] + (peers if host.gateway else []):
            what = [*TUNNELS, *([CONTROL] if host.gateway else [])]
            rules += [f"ip saddr {source} ip daddr {host.private_ip} {one} "
                      "accept" for one in what]
    return rules


# Addresses and interfaces.

def _wire(scenario: Scenario, cloud: Cloud, nodes: dict[str, Node]
          ) -> list[str]:
    lines = [f"link add {BRIDGE} mtu {cloud.mtu} type bridge forward_delay 0 "
             "mcast_snooping 0",
             f"address add {cloud.router_ip}/{cloud.subnet.prefixlen} "
             f"dev {BRIDGE}",
             f"link set {BRIDGE} up"]
    for host in cloud.hosts:
        port = port_of(host)
        lines += [f"link add {port} mtu {cloud.mtu} type veth peer name eth0 "
                  f"mtu {cloud.mtu} address {host.mac} "
                  f"netns {nodes[host.name].pid}",
                  f"link set {port} master {BRIDGE} up"]
    for other in scenario.clouds:
        if other is not cloud:
            lines += _wire_wan(cloud, other, nodes["wan"])
    return lines


def _answer_arp(router: Node, cloud: Cloud) -> None:
    """Nobody hears what others ask for, as if all were in a network of the
    provider's making.  In a private cloud it is an Ethernet."""
    router.batch([line for host in cloud.hosts for line in (
        f"link set {port_of(host)} type bridge_slave proxy_arp on",
        f"neigh replace {host.private_ip} lladdr {host.mac} dev {BRIDGE} "
        "nud permanent")])
    router.run(["bridge", "-batch", "-"], stdin="".join(
        f"fdb replace {host.mac} dev {port_of(host)} master static\n"
        for host in cloud.hosts))


def _wire_wan(cloud: Cloud, other: Cloud, internet: Node) -> list[str]:
    uplink = f"to-{other.name}"
    lines = [f"link add {uplink} mtu {wan.MTU} type veth "
             f"peer name {wan.interface(cloud, other)} mtu {wan.MTU} "
             f"netns {internet.pid}",
             f"address add {cloud.transit_ip} peer {other.transit_ip} "
             f"dev {uplink}",
             f"link set {uplink} up"]
    lines += [f"route add {host.public_ip} via {other.transit_ip} "
              f"dev {uplink}" for host in other.hosts if host.gateway]
    return lines


def up(scenario: Scenario, cloud: Cloud, nodes: dict[str, Node],
       rules: Rules) -> None:
    """Builds the network of 'cloud', with the NICs of its hosts and the
    firewall 'rules'."""
    router = nodes[scenario.router(cloud.name)]
    set_sysctl(router, {"ipv6/conf/all/disable_ipv6": "1",
                        "ipv6/conf/default/disable_ipv6": "1",
                        "ipv4/ip_forward": "1",
                        "ipv4/conf/all/send_redirects": "0",
                        "ipv4/conf/default/send_redirects": "0"})
    router.batch(_wire(scenario, cloud, nodes))
    if cloud.provider != "private":
        _answer_arp(router, cloud)
    _bridge_only(router)
    checksums_off(router, [*(port_of(host) for host in cloud.hosts),
                           *(f"to-{other.name}" for other in scenario.clouds
                             if other is not cloud)])
    apply_firewall(cloud, router, rules)


def _bridge_only(router: Node) -> None:
    """Keeps frames that are bridged in 'router' out of its IP tables, where
    the kernel would send them too if it has br_netfilter."""
    try:
        set_sysctl(router, {"bridge/bridge-nf-call-iptables": "0"})
    except FileNotFoundError:
        pass


# Rules.

def _set(elements: Iterable[str]) -> str:
    return "{ " + ", ".join(elements) + " }"


def _inside(cloud: Cloud, rules: Rules) -> list[str]:
    """The table that frames between hosts pass."""
    own = _set(f'"{port_of(host)}" . {host.mac} . {host.private_ip}'
               for host in cloud.hosts)
    lines = ["table bridge cloud {", "chain check {",
             "type filter hook prerouting priority 0; policy accept;",
             "ether type arp accept",
             "ether type != ip counter drop",
             f"iifname . ether saddr . ip saddr != {own} counter drop"]
    lines += [f"ip protocol {name} counter drop" for name in cloud.drops]
    lines += ["}", "chain forward {",
              "type filter hook forward priority 0; policy "
              f"{'accept' if rules is None else 'drop'};",
              "ether type arp accept",
              "ip frag-off & 0x1fff != 0 accept",
              "ip protocol icmp accept",
              "tcp flags & (syn | ack) != syn accept"]
    return lines + [*(rules or ()), "counter", "}", "}"]


def _outside(cloud: Cloud, rules: Rules) -> list[str]:
    """The tables that packets to and from the WAN pass."""
    gateways = [host for host in cloud.hosts if host.gateway]
    inward = _set(f"{h.public_ip} : {h.private_ip}" for h in gateways)
    outward = _set(f"{h.private_ip} : {h.public_ip}" for h in gateways)
    lines = ["table ip cloud {", "chain in {",
             "type nat hook prerouting priority dstnat; policy accept;",
             f'iifname "to-*" dnat to ip daddr map {inward}', "}",
             "chain out {",
             "type nat hook postrouting priority srcnat; policy accept;",
             f'oifname "to-*" snat to ip saddr map {outward}', "}",
             "chain forward {",
             "type filter hook forward priority filter; policy drop;"]
    lines += [f"ip protocol {name} counter drop" for name in cloud.drops]
    lines += [f'iifname "{BRIDGE}" oifname "to-*" ip saddr '
              f"{_set(h.private_ip for h in gateways)} accept",
              'iifname != "to-*" counter drop',
              f"ip saddr {cloud.subnet} counter drop",
              "ip protocol { tcp, icmp } ct state established,related accept"]
    return lines + [*(rules or ()),
                    "accept" if rules is None else "counter", "}", "}"]


def apply_firewall(cloud: Cloud, router: Node, rules: Rules) -> None:
    """Makes 'rules' the firewall of 'cloud' in one step.  What the provider
    drops is dropped all the same."""
    lines = ["add table ip cloud", "delete table ip cloud",
             "add table bridge cloud", "delete table bridge cloud",
             *_inside(cloud, rules), *_outside(cloud, rules)]
    router.run(["nft", "-f", "-"], stdin="\n".join(lines) + "\n")
