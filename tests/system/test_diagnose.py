# SPDX-License-Identifier: Apache-2.0
"""diagnose names what is wrong: each thing is broken in a lab that works, named,
and mended again."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from nethvlab import nethv
from clock import Clock
from wires import wait_until

SCENARIO = "three-clouds"
FIRST = "aws1-gw"
GATEWAYS = ["aws1-gw", "az1-gw", "gcp1-gw"]


def diagnose(lab, machine, env=()):
    result = lab.run(machine, ["env", *env, "nethv-agent", "diagnose"],
                     check=False, timeout=90)
    assert result.stderr == ""
    return result.returncode, result.stdout


def assert_named(lab, machine, *sentences, env=()):
    code, text = diagnose(lab, machine, env)
    wrong = "\n".join(line for line in text.splitlines()
                      if line.startswith("WRONG"))
    assert code == 1, text
    for sentence in sentences:
        assert sentence in wrong, text


def path(lab, machine, name):
    return Path(lab.node(machine).path(name))


@pytest.fixture(scope="module", autouse=True)
def settled(lab):
    """All that shall work works before anything is broken."""
    def works():
        return all(diagnose(lab, machine)[0] == 0 for machine in GATEWAYS)
    wait_until(works, 30, "all gateways are well")


def test_nothing_is_wrong(lab):
    for host in lab.scenario.hosts:
        code, text = diagnose(lab, host.name)
        assert code == 0, f"{host.name}\n{text}"
    wait_until(lambda: lab.run(FIRST, ["nethvctl", "diagnose"],
                               check=False).returncode == 0, 30,
               "nethvctl diagnose finds nothing")


# Firewalls.

@contextmanager
def without(lab, cloud, *words):
    """The firewall of 'cloud' without the rules that have all 'words'."""
    one = lab.scenario.cloud(cloud)
    rules = nethv.firewall(lab, one)
    kept = [rule for rule in rules
            if not all(word in rule for word in words)]
    assert len(kept) < len(rules), rules
    lab.set_firewall(cloud, kept)
    try:
        yield
    finally:
        lab.set_firewall(cloud, rules)


@pytest.mark.parametrize("cloud, machine, port", [
    ("aws1", "aws1-vm1", 6646), ("aws1", "aws1-vm1", 6647),
    ("az1", "az1-vm1", 6646), ("gcp1", "gcp1-vm2", 6647),
    ("aws1", "az1-gw", 6645), ("aws1", "gcp1-gw", 6647),
])
def test_port_that_is_not_let_in(lab, cloud, machine, port):
    with without(lab, cloud, f"dport {port}"):
        assert_named(lab, machine, f"must let in TCP port {port}")


@pytest.mark.parametrize("cloud, words, carrier", [
    ("az1", ("udp dport 6081", "198.51.100."), "UDP port 6081 (Geneve)"),
    ("aws1", ("udp dport 6081", "198.51.100."), "UDP port 6081 (Geneve)"),
])
def test_tunnel_between_clouds_that_is_not_let_in(lab, cloud, words, carrier):
    gateway = f"{cloud}-gw"
    with without(lab, cloud, *words):
        wait_until(lambda: diagnose(lab, gateway)[0], 15, "BFD goes down")
        assert_named(lab, gateway, "nothing comes through the tunnel",
                     f"must let in {carrier}")
        wait_until(lambda: "does not pass between" in lab.run(
            FIRST, ["nethvctl", "diagnose"], check=False).stdout, 15,
            "the database shows the tunnel as down")
    wait_until(lambda: not diagnose(lab, gateway)[0], 15, "BFD comes up")


# Clock, certificates.

@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    return Clock(tmp_path_factory.mktemp("clock"))


@pytest.mark.parametrize("seconds, sentence", [
    (-86400, "is not valid before"), (400 * 86400, "expired on"),
    (1800, "s ahead of the gateway's"), (-1800, "s behind the gateway's"),
])
def test_wrong_clock(lab, clock, seconds, sentence):
    assert_named(lab, "aws1-vm1", sentence, env=clock.shifted(seconds))


@pytest.fixture
def certificate(lab):
    """The file of a host's certificate, put back afterwards."""
    file = path(lab, "aws1-vm1", "/etc/nethv/host.pem")
    text = file.read_text()
    yield file
    file.write_text(text)


def test_foreign_certificate(lab, certificate, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    tmp_path / "key", "-out", tmp_path / "pem", "-subj",
                    "/CN=x"], check=True, capture_output=True)
    certificate.write_text((tmp_path / "pem").read_text())
    assert_named(lab, "aws1-vm1", "it is foreign")


def test_anothers_certificate(lab, certificate):
    certificate.write_text(path(lab, "aws1-vm2",
                                "/etc/nethv/host.pem").read_text())
    assert_named(lab, "aws1-vm1", "does not belong to the private key")


def test_missing_certificate(lab, certificate):
    certificate.write_text("")
    assert_named(lab, "aws1-vm1", "is not a certificate")


# MTU, kernel.

def test_nic_with_a_small_mtu(lab):
    def mtu(value):
        lab.run("az1-vm1", ["ovs-vsctl", "set", "Interface", "br-phy",
                            f"mtu_request={value}"])
    mtu(1400)
    try:
        assert_named(lab, "az1-vm1", "has the MTU 1400, cloud az1 says 1500",
                     "mtu=1400")
    finally:
        mtu(1500)


def test_narrow_path(lab):
    """The cloud carries less than the operator says."""
    def mtu(value):
        lab.run("az1-router", ["ip", "link", "set", "p-az1-gw", "mtu",
                               str(value)])
    mtu(1400)
    try:
        assert_named(lab, "az1-vm1", "packets of 1500 bytes",
                     "nethvctl set cloud az1 mtu=N")
    finally:
        mtu(1500)


def test_remote_without_a_port(lab):
    row = ["ovs-vsctl", "--no-wait", "--", "set", "Open_vSwitch", "."]
    remote = lab.run("aws1-vm1", ["ovs-vsctl", "get", "Open_vSwitch", ".",
                                  "external_ids:nethv-remote"]).stdout.strip()
    lab.kill("agent", "aws1-vm1", "KILL")   # It would follow.
    lab.run("aws1-vm1", [*row, 'external_ids:nethv-remote="ssl:10.0.0.10"'])
    try:
        assert_named(lab, "aws1-vm1", '"ssl:10.0.0.10", which has no port')
    finally:
        lab.run("aws1-vm1", [*row, f"external_ids:nethv-remote={remote}"])
        lab.start("agent", "aws1-vm1")


def test_missing_kernel_module(lab):
    def datapath(value):
        lab.run("aws1-vm1", ["ovs-vsctl", "--no-wait", "set", "Open_vSwitch",
                             ".", f"external_ids:nethv-datapath={value}"])
    if Path("/sys/module/openvswitch").exists():
        pytest.skip("this kernel has the module")
    lab.kill("agent", "aws1-vm1", "KILL")   # It would follow.
    datapath("system")
    try:
        assert_named(lab, "aws1-vm1", "the kernel has no module openvswitch")
    finally:
        datapath("netdev")
        lab.start("agent", "aws1-vm1")


# Processes.

@pytest.mark.parametrize("process, machine, sentence", [
    ("agent", "aws1-vm1", "nethv-agent does not run"),
    ("ovs-vswitchd", "aws1-vm1", "ovs-vswitchd does not run"),
    ("relay", "az1-gw", "the database or its relay does not listen"),
    ("database", "aws1-gw", "the database or its relay does not listen"),
    ("gateway", "aws1-gw", "enrolment does not listen there"),
])
def test_process_that_does_not_run(lab, process, machine, sentence):
    if process == "ovs-vswitchd":
        pytest.skip("with the userspace datapath the host is then cut off")
    lab.kill(process, machine, "KILL")
    try:
        wait_until(lambda: lab.pid(process, machine) is None, 5, "it is gone")
        assert_named(lab, f"{machine.partition('-')[0]}-vm1", sentence)
    finally:
        lab.start(process, machine)


def test_vswitchd_that_does_not_run(lab):
    lab.kill("ovs-vswitchd", "gcp1-vm2", "KILL")
    try:
        assert_named(lab, "gcp1-vm2", "ovs-vswitchd does not run")
    finally:
        lab.start("ovs-vswitchd", "gcp1-vm2")


def test_database_that_does_not_run(lab):
    lab.kill("database", FIRST, "KILL")
    try:
        wait_until(lambda: lab.pid("database", FIRST) is None, 5, "it is gone")
        result = lab.run(FIRST, ["nethvctl", "diagnose"], check=False)
        assert result.returncode == 1
        assert "database" in result.stdout and "WRONG" in result.stdout
        assert_named(lab, "az1-gw", "the database does not listen there")
    finally:
        lab.start("database", FIRST)


# What the database shows.

def test_expired_token(lab):
    lab.run(FIRST, ["nethvctl", "host-token", "aws1", "--expires=1s"])
    wait_until(lambda: "a token for cloud aws1 expired unused" in lab.run(
        FIRST, ["nethvctl", "diagnose"], check=False).stdout, 10,
        "the token is named")


def test_machine_that_has_not_joined(lab):
    lab.run("gcp1-vm1", ["nethv-agent", "leave"])
    code, text = diagnose(lab, "gcp1-vm1")
    assert code == 1 and "has not joined" in text


def test_arguments(lab):
    for words in (["nethv-agent", "diagnose", "x"],
                  ["nethvctl", "diagnose", "x"]):
        result = lab.run(FIRST, words, check=False)
        assert result.returncode == 1 and result.stderr
