# SPDX-License-Identifier: Apache-2.0
"""Stock clients get what the document says: dhclient, udhcpc and the kernel's
IPv6, at ports with security, in two clouds."""

from __future__ import annotations

import json
import re
import socket
import subprocess

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from nethvlab import nethv
from reach import ping
from wires import wait_until

HOSTS = {"a": "aws1-vm1", "b": "az1-vm1", "c": "aws1-vm1", "d": "az1-vm1"}
SWITCHES = {"a": "s1", "b": "s1", "c": "s2", "d": "s2"}
DOWN_MTU = 1500                     # Of the interface before it is told.

DHCP = {"router": "10.0.0.254", "routes": ["10.9.0.0/16 via 10.0.0.2"],
        "dns": ["10.0.0.53", "10.0.0.54"], "domain": "shop.example",
        "lease": 3600, "server": "10.0.0.253"}
RA = {"router": "fe80::ff:fe00:2", "dns": ["fd00::53"]}


def mac(number):
    return f"02:00:00:00:00:0{number}"


def document(ra):
    return {"nethv": 1, "tenant": "acme", "networks": [
        {"name": "shop", "switches": [
            {"name": "s1", "dhcp": DHCP, "ra": ra, "ports": [
                {"name": "a", "mac": mac(1), "security": True,
                 "ips": ["10.0.0.1/24", "fd00::/64 eui-64"]},
                {"name": "b", "mac": mac(2), "security": True,
                 "ips": ["10.0.0.2/24", "fd00::/64 eui-64", "10.9.0.1",
                         "fd09::1", RA["router"]]}]},
            {"name": "s2", "ports": [
                {"name": "c", "mac": mac(3), "ips": ["10.0.0.3/24"],
                 "security": True},
                {"name": "d", "mac": mac(4), "ips": ["10.0.0.4/24"]}]}]}]}


SCENARIO = {
    "nethv-lab": 1, "name": "dhcp",
    "clouds": [
        {"name": name, "provider": "private", "hosts": [
            {"name": f"{name}-gw", "public_ip": f"198.51.100.{number}"},
            {"name": f"{name}-vm1"}]}
        for number, name in enumerate(("aws1", "az1"), 1)],
    "links": [{"between": ["aws1", "az1"], "rtt": 10}],
    "networks": [document(RA)],
}

# As a distribution's: what it is told goes to the interface.
UDHCPC_SCRIPT = """#!/bin/sh
set -e
event=$1
case $event in
deconfig) ip address flush dev $interface scope global; ip link set $interface up ;;
bound|renew)
    ip link set $interface mtu ${mtu:-1500}
    ip -4 address replace $ip/$mask dev $interface
    [ -z "$router" ] || ip route replace default via $router
    set -- $staticroutes
    while [ $# -gt 1 ]; do
        ip route replace $1 via $2
        shift 2
    done
    echo "$event $interface $ip" >&2 ;;
esac
"""


def place(name):
    return f"{HOSTS[name]}/{name}"


def run(lab, name, *words, **options):
    return lab.run(place(name), list(words), **options)


def shell(lab, name, command):
    return run(lab, name, "sh", "-ec", command).stdout


@pytest.fixture(scope="module")
def plugged(lab):
    """Endpoints that know nothing but their MAC addresses."""
    for name, host in HOSTS.items():
        lab.run(host, ["ip", "netns", "add", name])
        lab.run(host, ["nethv-agent", "attach",
                       f"acme/shop/{SWITCHES[name]}/{name}", "--netns", name,
                       "--mtu", str(DOWN_MTU)])
    nethv.apply(lab, document(RA))
    return lab


@pytest.fixture(scope="module")
def mtu(plugged):
    text = plugged.run("aws1-gw", ["ovs-appctl", "-t",
                                   "/run/nethv/nethv-agent.ctl", "status"]
                       ).stdout
    return json.loads(text)["mtu"]


def addresses(lab, name, family):
    text = run(lab, name, "ip", "-j", family, "address", "show", "dev",
               "eth0", "scope", "global").stdout
    return {f"{a['local']}/{a['prefixlen']}"
            for link in json.loads(text) for a in link.get("addr_info", [])
            if "local" in a and not a.get("tentative")}


def routes(lab, name, family):
    text = run(lab, name, "ip", "-j", family, "route").stdout
    return {(r["dst"], r.get("gateway")) for r in json.loads(text)}


@pytest.fixture(scope="module")
def dhclient(plugged, tmp_path_factory):
    """Debian's, with a resolv.conf of its own."""
    directory = tmp_path_factory.mktemp("dhclient")
    directory.chmod(0o755)
    (directory / "resolv.conf").write_text("")
    argv = ["unshare", "--mount", "sh", "-ec",
            f"mount --bind {directory}/resolv.conf /etc/resolv.conf\n"
            f"exec dhclient -1 -v -pf {directory}/pid -lf {directory}/leases "
            "eth0"]
    result = run(plugged, "a", *argv, timeout=30)
    yield result.stderr, (directory / "resolv.conf").read_text()
    run(plugged, "a", "sh", "-c", f"kill $(cat {directory}/pid)")


@pytest.fixture(scope="module")
def udhcpc(plugged, tmp_path_factory):
    directory = tmp_path_factory.mktemp("udhcpc")
    directory.chmod(0o755)
    (directory / "script").write_text(UDHCPC_SCRIPT)
    (directory / "script").chmod(0o755)
    log = directory / "log"
    with open(log, "w", encoding="utf-8") as out:
        process = plugged.popen(
            place("b"), ["busybox", "udhcpc", "-f", "-i", "eth0", "-p",
                         str(directory / "pid"), "-O", "mtu", "-O",
                         "staticroutes", "-s", str(directory / "script")],
            stdout=out, stderr=subprocess.STDOUT)
    wait_until(lambda: "bound eth0" in log.read_text(), 15, log.read_text)
    yield log
    shell(plugged, "b", f"kill $(cat {directory}/pid)")
    process.wait(10)


def test_dhclient(plugged, dhclient, mtu):
    said, resolv_conf = dhclient
    assert "DHCPACK of 10.0.0.1 from 10.0.0.253" in said
    assert addresses(plugged, "a", "-4") == {"10.0.0.1/24"}
    assert {("default", "10.0.0.254"), ("10.9.0.0/16", "10.0.0.2")} <= routes(
        plugged, "a", "-4")
    assert int(shell(plugged, "a", "cat /sys/class/net/eth0/mtu")) == mtu
    assert 1280 < mtu < DOWN_MTU
    assert re.findall(r"^nameserver (.*)", resolv_conf, re.M) == DHCP["dns"]
    assert "search shop.example" in resolv_conf


def test_udhcpc(plugged, udhcpc, mtu):
    """Of several addresses it gets the first."""
    assert "lease of 10.0.0.2 obtained from 10.0.0.253, lease time 3600" in (
        udhcpc.read_text())
    assert addresses(plugged, "b", "-4") == {"10.0.0.2/24"}
    assert int(shell(plugged, "b", "cat /sys/class/net/eth0/mtu")) == mtu


def test_they_talk(plugged, dhclient, udhcpc):
    shell(plugged, "b", "ip link set lo up; ip address add 10.9.0.1/32 dev lo")
    for target in ("10.0.0.2", "10.9.0.1"):
        wait_until(lambda: ping(plugged, place("a"), target, "-c", "5")[0]
                   == 5, 10, f"a reaches {target}")


def test_a_lease_is_renewed(plugged, udhcpc):
    """By unicast, to a server whose MAC address nobody else would tell."""
    shell(plugged, "b", f"kill -USR1 $(cat {udhcpc.parent}/pid)")
    wait_until(lambda: "renew eth0 10.0.0.2" in udhcpc.read_text(), 10,
               udhcpc.read_text)
    assert "sending renew to server 10.0.0.253" in udhcpc.read_text()


@pytest.fixture(scope="module")
def autoconfigured(plugged):
    """The links go down and up, as after a boot.  b is a router."""
    shell(plugged, "b", "cd /proc/sys/net/ipv6/conf; echo 1 > all/forwarding; "
          "echo 2 > eth0/accept_ra")
    for name in "ab":
        shell(plugged, name, "ip link set eth0 down; ip link set eth0 up")
    for number, name in enumerate("ab", 1):
        wait_until(lambda: addresses(plugged, name, "-6")
                   >= {f"fd00::ff:fe00:{number}/64"}, 15,
                   lambda: shell(plugged, name, "ip -6 address; ip -6 route"))
    return plugged


def test_kernel_autoconfigures(autoconfigured, mtu):
    lab = autoconfigured
    assert addresses(lab, "a", "-6") == {"fd00::ff:fe00:1/64"}
    assert {("fd00::/64", None), ("default", RA["router"])} <= routes(
        lab, "a", "-6")
    assert int(shell(lab, "a", "cat /proc/sys/net/ipv6/conf/eth0/mtu")) == mtu


def test_ipv6_talks(autoconfigured):
    shell(autoconfigured, "b",
          "ip link set lo up; ip -6 address replace fd09::1/128 dev lo nodad")
    for target in ("fd00::ff:fe00:2", "fd09::1"):
        wait_until(lambda: ping(autoconfigured, place("a"), target, "-c", "5"
                                )[0] == 5, 10, f"a reaches {target}")


def test_trace_shows_the_answers(plugged):
    said = nethv.ctl(plugged, "trace", "acme/shop/s1/a", "dhcp")
    assert "answered by nethv-agent with a DHCP offer of 10.0.0.1\n" in said
    assert "delivered to acme/shop/s1/a\n" in said
    assert "acme/shop/s1/b" not in said
    said = nethv.ctl(plugged, "trace", "acme/shop/s1/a", "rs")
    assert "answered by nethv-agent with a router advertisement\n" in said
    said = nethv.ctl(plugged, "trace", "acme/shop/s2/c", "dhcp")
    assert "delivered to acme/shop/s2/d" in said and "answered" not in said


def test_show_and_export(plugged):
    said = nethv.ctl(plugged, "show", "acme/shop")
    assert "dhcp: router 10.0.0.254; routes 10.9.0.0/16 via 10.0.0.2" in said
    exported = json.loads(nethv.ctl(plugged, "export", "acme"))
    switch = exported["networks"][0]["switches"][0]
    assert switch["dhcp"] == DHCP
    assert switch["ra"] == {**RA, "lifetime": 9000}


def drops(lab, reason):
    text = lab.run("aws1-vm1", ["ovs-appctl", "-t",
                                "/run/nethv/nethv-agent.ctl", "status"]).stdout
    return json.loads(text)["drops"].get(reason, 0)


def test_nonsense_is_counted(plugged, dhclient):
    before = drops(plugged, "bad-request")
    with plugged.network(place("a")):
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        raw.bind(("eth0", 0))
    frame = (Ether(src=mac(1), dst="ff:ff:ff:ff:ff:ff")
             / IP(src="0.0.0.0", dst="255.255.255.255")
             / UDP(sport=68, dport=67) / b"nonsense")
    with raw:
        raw.send(bytes(frame))
    wait_until(lambda: drops(plugged, "bad-request") == before + 1, 5,
               "it is counted")


def test_without_dhcp_requests_are_forwarded(plugged):
    """A tenant may have a server of its own."""
    with plugged.network(place("d")):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
    with server:
        server.bind(("", 67))
        server.settimeout(5)
        shell(plugged, "c", "busybox udhcpc -q -n -t 2 -T 1 -i eth0 "
              "-s /bin/true || true")
        assert server.recv(2000)[28:34].hex(":") == mac(3)


def test_a_router_no_longer_named_is_taken_back(autoconfigured):
    """By an advertisement that nobody asked for."""
    lab = autoconfigured
    assert ("default", RA["router"]) in routes(lab, "a", "-6")
    nethv.apply(lab, document({}))
    wait_until(lambda: ("default", RA["router"]) not in routes(lab, "a", "-6"),
               10, lambda: shell(lab, "a", "ip -6 route"))
    nethv.apply(lab, document(RA))
    wait_until(lambda: ("default", RA["router"]) in routes(lab, "a", "-6"),
               10, lambda: shell(lab, "a", "ip -6 route"))
