# SPDX-License-Identifier: Apache-2.0
"""Certificates near their end are made anew by the authority, taken over by
hosts, gateways and the database, and no connection and no frame is lost."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from nethvlab import nethv, scenario
from authority import Authority
from traffic import Stream
from wires import wait_until

FIRST = "aws1-gw"
HOSTS = ("aws1-gw", "aws1-vm1", "az1-gw", "az1-vm1")
DAY = 86400

SCENARIO = {
    "nethv-lab": 1, "name": "renewal",
    "clouds": [
        {"name": name, "provider": "private", "hosts": [
            {"name": f"{name}-gw", "public_ip": f"198.51.100.{number}"},
            {"name": f"{name}-vm1"}]}
        for number, name in enumerate(("aws1", "az1"), 1)],
    "links": [{"between": ["aws1", "az1"], "rtt": 10}],
    "networks": [{"nethv": 1, "tenant": "acme", "networks": [
        {"name": "shop", "switches": [{"name": "s1", "ports": [
            {"name": name, "mac": f"02:00:00:00:00:0{number}",
             "ips": [f"192.168.1.{number}/24"]}
            for number, name in enumerate(("a", "b"), 1)]}]}]}],
    "endpoints": [{"name": "a", "host": "aws1-vm1", "port": "acme/shop/s1/a"},
                  {"name": "b", "host": "az1-vm1", "port": "acme/shop/s1/b"}],
}


def path(lab, machine, name):
    return Path(lab.node(machine).path(f"/etc/nethv/{name}"))


def stamp(seconds):
    """The time 'seconds' from now as openssl writes it."""
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))


def enrollments(lab):
    """(row, name, request) of each host."""
    text = nethv.ctl(lab, "--format=json", "--columns=_uuid,name,request",
                     "list", "Enrollment")
    return [(uuid[1], name, request)
            for uuid, name, request in json.loads(text)["data"]]


def ends(pem):
    """When a certificate ends, in seconds from now."""
    text = subprocess.run(["openssl", "x509", "-noout", "-enddate"],
                          input=pem, check=True, capture_output=True,
                          text=True).stdout
    end = time.strptime(text.strip().partition("=")[2], "%b %d %H:%M:%S %Y GMT")
    return time.mktime(end) - time.timezone - time.time()


@pytest.fixture(scope="module")
def authority(lab, tmp_path_factory):
    return Authority(
        tmp_path_factory.mktemp("pki"), path(lab, FIRST, "ca.pem"),
        Path(lab.node(FIRST).path("/var/lib/nethv/ca/ca.key")))


def renew(lab, authority, enrollment, start, end):
    """Puts a certificate for the host of 'enrollment' into the database,
    valid from 'start' to 'end', seconds from now; returns it."""
    row, name, request = enrollment
    csr, pem = authority.directory / "csr", authority.directory / "pem"
    csr.write_text(request)
    unit = "gateway" if name.endswith("-gw") else "host"
    authority.sign(csr, pem, stamp(start), stamp(end),
                   "-subj", f"/O=nethv/OU={unit}/CN={name}")
    nethv.ctl(lab, "set", "Enrollment", row,
              f"certificate={json.dumps(pem.read_text())}")
    return pem.read_text()


@pytest.fixture(scope="module")
def aged(lab, authority):
    """Each host gets a certificate that ends tomorrow, as if it had had it for
    a year.  The files change as an operator would change them: the key before
    the certificate."""
    pems = {}
    for enrollment in enrollments(lab):
        pems[enrollment[1]] = renew(lab, authority, enrollment, -365 * DAY,
                                    DAY)
    for name, pem in pems.items():
        key = path(lab, name, "host.key")
        key.write_text(key.read_text())
        time.sleep(0.2)
        path(lab, name, "host.pem").write_text(pem)
    return pems


def shown(lab, machine, port):
    """The certificate that the server at 'port' of 'machine' shows."""
    address = next(h.private_ip for h in lab.scenario.hosts
                   if h.name == machine)
    text = lab.run(machine, [
        "openssl", "s_client", "-connect", f"{address}:{port}",
        "-cert", "/etc/nethv/host.pem", "-key", "/etc/nethv/host.key"],
        stdin="", check=False, timeout=10).stdout
    begin = text.find("-----BEGIN")
    return text[begin:text.find("-----END") + 25] if begin >= 0 else ""


def end(lab, process, machine):
    lab.kill(process, machine)
    wait_until(lambda: lab.pid(process, machine) is None, 10,
               f"{process} of {machine} ends")


def presented(lab, machine, gateway):
    """The certificate that the agent of 'machine' shows to the relay of
    'gateway', in whose place we answer."""
    end(lab, "relay", gateway)
    server = lab.popen(gateway, [
        "openssl", "s_server", "-accept", "6646", "-cert",
        "/etc/nethv/host.pem", "-key", "/etc/nethv/host.key", "-CAfile",
        "/etc/nethv/ca.pem", "-Verify", "1", "-naccept", "30"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True)
    try:
        said = ""
        while f"CN = {machine}\n" not in said.replace("CN=", "CN = "):
            line = server.stdout.readline()
            assert line, said
            said = said[said.rfind("-----BEGIN"):] + line if (
                "-----BEGIN" in said) else said + line
        return said[said.rfind("-----BEGIN"):said.rfind("-----END") + 25]
    finally:
        server.kill()
        server.communicate()
        lab.start("relay", gateway)


def connections(lab):
    """The TLS connections between the hosts."""
    return {(machine, *line.split()[2:4]) for machine in HOSTS
            for line in lab.run(machine, [
                "ss", "-Hnt", "state", "established",
                "( dport = :6645 or dport = :6646 )"]).stdout.splitlines()}


def certificate(lab, machine):
    return path(lab, machine, "host.pem").read_text().strip()


PORTS = ((FIRST, 6645), (FIRST, 6646), (FIRST, 6647), ("az1-gw", 6646))


def test_agents_take_what_an_operator_puts_there(lab, aged):
    assert presented(lab, "az1-vm1", "az1-gw") == aged["az1-vm1"].strip()


def test_renewal(lab, aged):
    assert all(0 < ends(pem) < DAY for pem in aged.values())
    wait_until(lambda: len(connections(lab)) >= len(HOSTS), 20,
               "all are connected")
    before = connections(lab)
    with Stream(lab, "a", "192.168.1.2") as stream:
        stream.go_on()
        # A new process of the authority looks at all ages at once.
        end(lab, "gateway", FIRST)
        lab.start("gateway", FIRST)
        wait_until(lambda: all(path(lab, name, "host.pem").read_text()
                               != aged[name] for name in HOSTS), 20,
                   "every host has a new certificate")
        for machine, port in PORTS:
            wanted = certificate(lab, machine)
            wait_until(lambda: shown(lab, machine, port) == wanted, 10,
                       f"{machine} shows its new certificate at {port}")
        stream.go_on()
    assert not stream.lost()
    assert all(ends(path(lab, name, "host.pem").read_text()) > 360 * DAY
               for name in HOSTS)
    # But those of the process that was killed.
    assert {c for c in before if c[0] != FIRST} <= connections(lab)


def test_agents_show_their_new_certificate(lab, aged):
    wanted = certificate(lab, "az1-vm1")
    assert wanted != aged["az1-vm1"].strip()
    assert presented(lab, "az1-vm1", "az1-gw") == wanted


def test_what_cannot_be_taken_now_is_taken_later(lab, aged, authority):
    """A clock that is behind is one reason, a full disk another."""
    enrollment = next(e for e in enrollments(lab) if e[1] == "az1-vm1")
    pem = renew(lab, authority, enrollment, 8, 500 * DAY)
    wait_until(lambda: certificate(lab, "az1-vm1") == pem.strip(), 60,
               "the agent has taken it")
