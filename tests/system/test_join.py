# SPDX-License-Identifier: Apache-2.0
"""Joining: a deployment comes into being on bare machines, hosts and gateways
join through the clouds' firewalls, and nobody else is let in.

The tests run in their order: each builds on the deployment as the one before
left it."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from nethvlab import nethv
from authority import Authority
from clock import Clock
from wires import wait_until

SCENARIO = "three-clouds"
LAB_OPTIONS = {"nethv": False}
FIRST = "aws1-gw"
NETDEV = ["--datapath", "netdev"]
FILES = ["/etc/nethv/ca.pem", "/etc/nethv/host.key", "/etc/nethv/host.pem"]


@pytest.fixture(scope="module", autouse=True)
def built(lab):
    for program in ("nethvctl", "nethv-agent", "nethv-gateway", "nethv-ctl"):
        lab.programs.find(program)


def ctl(lab, *words, check=True):
    return lab.run(FIRST, ["nethvctl", *words], check=check, timeout=60)


def token(lab, cloud, *options):
    return ctl(lab, "host-token", cloud, *options).stdout.strip()


def join(lab, machine, text, *options, check=True, env=()):
    """Joins with the token on the standard input."""
    return lab.run(machine, ["env", *env, "nethv-agent", "join", "-", *NETDEV,
                             *options], check=check, stdin=text + "\n",
                   timeout=60)


def leave(lab, machine):
    lab.run(machine, ["nethv-agent", "leave"], timeout=60)
    ctl(lab, "host-remove", machine)


def path(lab, machine, name):
    return Path(lab.node(machine).path(name))


def external_ids(lab, machine):
    return lab.run(machine, ["ovs-vsctl", "get", "Open_vSwitch", ".",
                             "external_ids"]).stdout


def private_ip(lab, machine):
    return next(h.private_ip for h in lab.scenario.hosts if h.name == machine)


SERVICES = ("database", "relay", "gateway", "agent")


def runs(lab, machine, service):
    return lab.run(machine, ["nethv-ctl", f"status-{service}"],
                   check=False).returncode == 0


def assert_bare(lab, machine):
    """Nothing of nethv is on 'machine'."""
    for name in FILES + ["/var/lib/nethv/nethv.db", "/var/lib/nethv/ca"]:
        assert not path(lab, machine, name).exists(), name
    assert "nethv-" not in external_ids(lab, machine)
    assert "vlan-limit" not in lab.run(machine, [
        "ovs-vsctl", "get", "Open_vSwitch", ".", "other_config"]).stdout
    assert lab.run(machine, ["ovs-vsctl", "br-exists", "br-int"],
                   check=False).returncode == 2
    for name in SERVICES:
        assert not runs(lab, machine, name), name


def assert_refused(result, sentence):
    assert result.returncode == 1
    assert sentence in result.stderr, result.stderr
    assert "Traceback" not in result.stderr


# init.

@pytest.mark.parametrize("options, sentence", [
    ([], "needs --cloud=NAME"),
    (["--cloud", "aws1"], "needs --cloud=NAME"),
    (["--cloud", "a b", "--public-ip", "198.51.100.1"], "letters, digits"),
    (["--cloud", "aws1", "--public-ip", "gw.example.com"], "--public-ip is an"),
    (["--cloud", "aws1", "--public-ip", "198.51.100.1", "--provider", "ibm"],
     "aws, azure, gcp, private or other"),
    (["--cloud", "aws1", "--public-ip", "198.51.100.1", "--mode", "ring"],
     "direct, tree or mesh"),
    (["--cloud", "aws1", "--public-ip", "198.51.100.1", "--mtu", "9"],
     "1280 to 65535"),
    (["--cloud", "aws1", "--public-ip", "198.51.100.1", "more"],
     'no argument "more"'),
    (["--cloud", "aws1", "--public-ip", "198.51.100.1", "--nonsense"],
     "usage"),
])
def test_bad_init_changes_nothing(lab, options, sentence):
    result = ctl(lab, "init", *NETDEV, *options, check=False)
    assert_refused(result, sentence)
    assert_bare(lab, FIRST)


def test_init_that_fails_late_is_undone(lab):
    """The relay cannot be started, since its pid file cannot be written."""
    obstacle = path(lab, FIRST, "/run/nethv/nethv-relay.pid")
    obstacle.mkdir(parents=True)
    result = ctl(lab, "init", *NETDEV, "--cloud", "aws1", "--public-ip",
                 "198.51.100.1", check=False)
    assert "starting relay" in result.stdout
    assert_refused(result, "nethv-relay.pid")
    obstacle.rmdir()
    assert_bare(lab, FIRST)


def test_remains_are_not_overwritten(lab):
    remains = path(lab, FIRST, "/var/lib/nethv/nethv.db")
    remains.parent.mkdir(exist_ok=True)
    remains.write_text("somebody's database")
    result = ctl(lab, "init", *NETDEV, "--cloud", "aws1", "--public-ip",
                 "198.51.100.1", check=False)
    assert_refused(result, "nethv.db is there")
    assert remains.read_text() == "somebody's database"
    remains.unlink()
    assert_bare(lab, FIRST)


def test_init(lab):
    ctl(lab, "init", *NETDEV, "--cloud", "aws1", "--provider", "aws",
        "--public-ip", "198.51.100.1")
    for name in SERVICES:
        assert runs(lab, FIRST, name), name
    for name in ("/etc/nethv/host.key", "/var/lib/nethv/ca/ca.key"):
        assert path(lab, FIRST, name).stat().st_mode & 0o777 == 0o600
    assert ctl(lab, "--bare", "--columns=name", "list", "Host"
               ).stdout.strip() == FIRST


def test_second_init_is_refused(lab):
    before = ctl(lab, "list", "Global").stdout
    result = ctl(lab, "init", *NETDEV, "--cloud", "other", "--public-ip",
                 "198.51.100.9", check=False)
    assert_refused(result, 'has joined cloud "aws1"')
    assert ctl(lab, "list", "Global").stdout == before


def test_clouds(lab):
    for cloud, provider, ip in (("az1", "azure", "198.51.100.2"),
                                ("gcp1", "gcp", "198.51.100.3")):
        ctl(lab, "cloud-add", cloud, "--provider", provider, "--public-ip", ip)
    assert_refused(ctl(lab, "cloud-add", "az1", "--public-ip", "198.51.100.8",
                       check=False), 'called "az1" already')
    assert_refused(ctl(lab, "cloud-add", "new", "--public-ip", "198.51.100.2",
                       check=False), 'of cloud "az1" already')
    assert_refused(ctl(lab, "host-token", "az1", check=False),
                   "has no gateway yet")
    assert_refused(ctl(lab, "host-token", "nowhere", check=False),
                   'no cloud called "nowhere"')


# The firewall lets through exactly what "nethvctl firewall" lists.

def test_firewall_as_listed(lab):
    nethv.open_firewalls(lab)


def test_nft_output_loads(lab):
    text = ctl(lab, "firewall", "aws1", "--format=nft").stdout
    lab.run(FIRST, ["nft", "-c", "-f", "-"], stdin=text)
    assert "198.51.100.2" in text


@pytest.mark.parametrize("format", ["aws", "azure", "gcp"])
def test_shell_output_is_shell(lab, format):
    text = ctl(lab, "firewall", "aws1", f"--format={format}").stdout
    subprocess.run(["sh", "-n"], input=text, text=True, check=True)
    assert "6645" in text and "198.51.100.2" in text


def test_firewall_refuses(lab):
    assert_refused(ctl(lab, "firewall", "nowhere", check=False),
                   'no cloud called "nowhere"')
    assert_refused(ctl(lab, "firewall", "aws1", "--format=html", check=False),
                   "--format is")


# join and leave.

def test_host_joins(lab):
    result = join(lab, "aws1-vm1", token(lab, "aws1"))
    assert "joined cloud aws1 as aws1-vm1, id 2" in result.stdout
    assert runs(lab, "aws1-vm1", "agent")
    assert (path(lab, "aws1-vm1", "/etc/nethv/host.key").stat().st_mode
            & 0o777 == 0o600)
    wait_until(lambda: len(ctl(lab, "--bare", "--columns=host", "list",
                               "Host_State").stdout.split()) == 2, 10,
               "both agents report")


def test_joining_twice_is_refused(lab):
    before = external_ids(lab, "aws1-vm1")
    unused = token(lab, "aws1")
    assert_refused(join(lab, "aws1-vm1", unused, check=False),
                   'has joined cloud "aws1" as "aws1-vm1" already')
    assert external_ids(lab, "aws1-vm1") == before
    # The token was not spent.
    join(lab, "aws1-vm2", unused)
    leave(lab, "aws1-vm2")


def test_leaving_leaves_nothing(lab):
    assert_bare(lab, "aws1-vm2")
    assert "aws1-vm2" not in ctl(lab, "--bare", "--columns=name", "list",
                                 "Host").stdout


def test_ids_are_not_given_again_at_once(lab):
    result = join(lab, "aws1-vm2", token(lab, "aws1"))
    assert "id 4" in result.stdout
    leave(lab, "aws1-vm2")


def test_gateways_join_across_the_wan(lab):
    for cloud in ("az1", "gcp1"):
        text = token(lab, cloud, "--gateway")
        join(lab, f"{cloud}-gw", text)
        nethv.open_firewalls(lab)
        for name in ("relay", "gateway", "agent"):
            assert runs(lab, f"{cloud}-gw", name), name
    # The public address is that of the cloud, the private one the machine's.
    rows = json.loads(ctl(lab, "--format=json", "--columns=name,public_ip",
                          "list", "Host").stdout)["data"]
    assert dict(rows)["az1-gw"] == "198.51.100.2"


def test_hosts_join_through_their_clouds_gateway(lab):
    for cloud in ("az1", "gcp1"):
        join(lab, f"{cloud}-vm1", token(lab, cloud))
    wait_until(lambda: len(ctl(lab, "--bare", "--columns=host", "list",
                               "Host_State").stdout.split()) == 6, 20,
               "all agents report")


def test_no_public_address_left(lab):
    assert_refused(join(lab, "az1-vm2", token(lab, "az1", "--gateway"),
                        check=False), "no public address left")
    assert_bare(lab, "az1-vm2")


# What is refused.

def test_used_token(lab):
    text = token(lab, "aws1")
    join(lab, "aws1-vm2", text)
    leave(lab, "aws1-vm2")
    other = join(lab, "aws1-vm2", text, "--name", "another", check=False)
    assert other.returncode == 1
    assert re.search("used already|not known here", other.stderr)
    assert_bare(lab, "aws1-vm2")


def test_token_used_by_another_host(lab):
    text = token(lab, "aws1")
    join(lab, "aws1-vm2", text)
    # The clouds use the same private addresses: this is gcp1's gateway.
    assert_refused(join(lab, "gcp1-vm2", text, check=False), "used already")
    lab.run("aws1-vm2", ["nethv-agent", "leave"])
    assert_refused(join(lab, "aws1-vm2", text, "--name", "other", check=False),
                   "used already")
    assert_bare(lab, "aws1-vm2")
    ctl(lab, "host-remove", "aws1-vm2")


def test_token_in_the_wrong_cloud(lab):
    text = token(lab, "aws1")
    assert_refused(join(lab, "gcp1-vm2", text, check=False),
                   "for another cloud")
    assert_bare(lab, "gcp1-vm2")


def decode(text):
    body = text.removeprefix("nethv1.")
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def encode(members):
    body = json.dumps(members).encode()
    return "nethv1." + base64.urlsafe_b64encode(body).decode().rstrip("=")


def test_expired_token_by_the_hosts_clock(lab):
    members = decode(token(lab, "aws1"))
    members["x"] = 1700000000
    assert_refused(join(lab, "aws1-vm2", encode(members), check=False),
                   "the token expired")
    assert_bare(lab, "aws1-vm2")


def test_expired_token_by_the_gateways_clock(lab):
    """A host that claims a later expiry than the operator gave."""
    text = token(lab, "aws1", "--expires=1s")
    members = decode(text)
    wait_until(lambda: time.time() > members["x"], 5, "the token expires")
    assert_refused(join(lab, "aws1-vm2", text, check=False),
                   "the token expired")
    members["x"] += 3600
    assert_refused(join(lab, "aws1-vm2", encode(members), check=False),
                   "the token has expired")
    assert_bare(lab, "aws1-vm2")


@pytest.mark.parametrize("member, value, sentence", [
    ("s", "0" * 64, "not known here"),
    ("id", "0" * 16, "not known here"),
    ("ca", "0" * 64, "another deployment"),
    ("r", ["10.255.255.1:6647"], "TCP"),
    ("r", ["$(reboot):6647"], "damaged"),
])
def test_tampered_token(lab, member, value, sentence):
    members = decode(token(lab, "aws1"))
    members[member] = value
    assert_refused(join(lab, "aws1-vm2", encode(members), check=False),
                   sentence)
    assert_bare(lab, "aws1-vm2")


@pytest.mark.parametrize("text, sentence", [
    ("", "begins with"), ("nethv1.", "damaged"), ("nethv1.e30", "damaged"),
    ("nethv2.e30", "begins with"), ("nethv1." + "A" * 4050, "damaged"),
])
def test_broken_token(lab, text, sentence):
    assert_refused(join(lab, "aws1-vm2", text, check=False), sentence)
    assert_bare(lab, "aws1-vm2")


@pytest.fixture(scope="module")
def wrong_clock(tmp_path_factory):
    return Clock(tmp_path_factory.mktemp("clock")).shifted


@pytest.mark.parametrize("seconds, sentence", [
    (-86400, "is not valid before"), (2 * 86400, "the token expired"),
])
def test_wrong_clock(lab, wrong_clock, seconds, sentence):
    text = token(lab, "aws1")
    assert_refused(join(lab, "aws1-vm2", text, check=False,
                        env=wrong_clock(seconds)), sentence)
    assert_bare(lab, "aws1-vm2")


# Certificates, on every port.

@pytest.fixture(scope="module")
def certificates(lab, tmp_path_factory):
    """Certificates that must be refused, as files that the lab's machines see:
    of another authority, and expired ones of the right authority."""
    directory = tmp_path_factory.mktemp("pki")
    os.chmod(directory, 0o755)

    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], cwd=directory,
                       check=True, capture_output=True)

    def request(name):
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
                "-out", f"{name}.csr", "-subj", "/O=nethv/OU=gateway/CN=evil")

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", "other-ca.key",
            "-out", "other-ca.pem", "-subj", "/CN=other", "-days", "10")
    request("foreign")
    openssl("x509", "-req", "-in", "foreign.csr", "-CA", "other-ca.pem",
            "-CAkey", "other-ca.key", "-CAcreateserial", "-out", "foreign.pem",
            "-days", "5")
    request("expired")
    Authority(directory, path(lab, FIRST, "/etc/nethv/ca.pem"),
              path(lab, FIRST, "/var/lib/nethv/ca/ca.key")).sign(
        directory / "expired.csr", directory / "expired.pem",
        "20200101000000Z", "20210101000000Z")
    return directory


def list_databases(lab, machine, remote, key, certificate, ca):
    return lab.run(machine, ["ovsdb-client", "--timeout=5", "-p", str(key),
                             "-c", str(certificate), "-C", str(ca),
                             "list-dbs", remote], check=False)


def remotes(lab):
    return [f"ssl:{private_ip(lab, FIRST)}:{port}" for port in (6645, 6646)]


def test_own_certificate_is_accepted(lab):
    for remote in remotes(lab):
        result = list_databases(lab, FIRST, remote, "/etc/nethv/host.key",
                                "/etc/nethv/host.pem", "/etc/nethv/ca.pem")
        assert "NetHV" in result.stdout, result.stderr


@pytest.mark.parametrize("which", ["foreign", "expired"])
def test_bad_certificates_are_refused(lab, certificates, which):
    for remote in remotes(lab):
        result = list_databases(lab, FIRST, remote,
                                certificates / f"{which}.key",
                                certificates / f"{which}.pem",
                                "/etc/nethv/ca.pem")
        assert result.returncode != 0 and "NetHV" not in result.stdout


def test_no_certificate_is_refused(lab):
    for port in (6645, 6646):
        result = lab.run(FIRST, ["sh", "-c",
                                 "(printf '{\"id\":0,\"method\":\"list_dbs\","
                                 "\"params\":[]}'; sleep 1) | timeout 5 "
                                 "openssl s_client -quiet -connect "
                                 f"{private_ip(lab, FIRST)}:{port}"],
                         check=False)
        assert "NetHV" not in result.stdout


def test_plain_tcp_is_refused(lab):
    for port in (6645, 6646, 6647):
        result = lab.run(FIRST, ["ovsdb-client", "--timeout=3", "list-dbs",
                                 f"tcp:{private_ip(lab, FIRST)}:{port}"],
                         check=False)
        assert result.returncode != 0 and "NetHV" not in result.stdout


@pytest.mark.parametrize("which, sentence", [
    ("foreign", "another deployment"), ("expired", "expired on 2021-01-01"),
])
def test_join_refuses_a_false_gateway(lab, certificates, which, sentence):
    """Someone in the cloud answers in the gateway's place."""
    chain = certificates / f"{which}-chain.pem"
    ca = (path(lab, FIRST, "/etc/nethv/ca.pem") if which == "expired"
          else certificates / "other-ca.pem")
    chain.write_text((certificates / f"{which}.pem").read_text()
                     + ca.read_text())
    false = lab.popen("aws1-vm2", [
        "openssl", "s_server", "-accept", "127.0.0.1:7000", "-cert",
        str(certificates / f"{which}.pem"), "-key",
        str(certificates / f"{which}.key"), "-cert_chain", str(chain),
        "-naccept", "1", "-quiet"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: ":7000" in lab.run("aws1-vm2", ["ss", "-Hltn"]
                                              ).stdout, 5, "it listens")
        members = decode(token(lab, "aws1"))
        members["r"] = ["127.0.0.1:7000"]
        assert_refused(join(lab, "aws1-vm2", encode(members), check=False),
                       sentence)
    finally:
        false.kill()
        received = false.communicate()[0]
    # The secret was not shown to it.
    assert members["s"].encode() not in received
    assert_bare(lab, "aws1-vm2")


def test_join_refuses_an_ordinary_host_as_gateway(lab):
    """A host's certificate is of the right authority, but not a gateway's."""
    key, pem, ca = (str(path(lab, "aws1-vm1", f"/etc/nethv/{name}"))
                    for name in ("host.key", "host.pem", "ca.pem"))
    copy = path(lab, "aws1-vm2", "/var/lib/nethv/false")
    copy.mkdir(parents=True)
    for name, source in (("k", key), ("c", pem), ("a", ca)):
        (copy / name).write_bytes(Path(source).read_bytes())
    false = lab.popen("aws1-vm2", [
        "openssl", "s_server", "-accept", "127.0.0.1:7000", "-cert",
        "/var/lib/nethv/false/c", "-key", "/var/lib/nethv/false/k", "-cert_chain", "/var/lib/nethv/false/a",
        "-naccept", "1", "-quiet"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: ":7000" in lab.run("aws1-vm2", ["ss", "-Hltn"]
                                              ).stdout, 5, "it listens")
        members = decode(token(lab, "aws1"))
        members["r"] = ["127.0.0.1:7000"]
        assert_refused(join(lab, "aws1-vm2", encode(members), check=False),
                       "is not a gateway")
    finally:
        false.kill()
        false.wait()


# Hostile requests to the enrolment service.

def curl(lab, *words):
    return lab.run("aws1-vm2", [
        "curl", "-sk", "--max-time", "10", "-o", "/dev/null", "-w",
        "%{http_code}", *words], check=False).stdout


@pytest.mark.parametrize("words, status", [
    (["{base}/"], "404"),
    (["{base}/v1/enrol"], "405"),
    (["{base}/v1/enrol", "-d", ""], "400"),
    (["{base}/v1/enrol", "-d", "[]"], "400"),
    (["{base}/v1/enrol", "-d", "{{}}"], "400"),
    (["{base}/v1/enrol", "-d", "[" * 9000], "400"),
    (["{base}/v1/enrol", "-d", '{{"token": "init", "secret": "", "request": '
      '"x", "name": "x", "encap-ip": "10.0.0.1"}}'], "403"),
    (["{base}/v1/enrol", "-d", "x" * 20000], "413"),
])
def test_hostile_requests(lab, words, status):
    if not lab.run("aws1-vm2", ["sh", "-c", "command -v curl"],
                   check=False).stdout:
        pytest.skip("curl is not installed")
    base = f"https://{private_ip(lab, FIRST)}:6647"
    words = [word.format(base=base) if "{base}" in word
             else word.replace("{{", "{").replace("}}", "}")
             for word in words]
    assert curl(lab, *words) == status
    assert runs(lab, FIRST, "gateway")


def test_no_secret_is_kept(lab):
    text = token(lab, "aws1")
    join(lab, "aws1-vm2", text)
    secret = decode(text)["s"].encode()
    for machine in (FIRST, "aws1-vm2"):
        for directory in ("/var/log", "/var/lib/nethv", "/etc/nethv",
                          "/etc/openvswitch"):
            for file in path(lab, machine, directory).rglob("*"):
                if file.is_file():
                    assert secret not in file.read_bytes(), file
    leave(lab, "aws1-vm2")
