# SPDX-License-Identifier: Apache-2.0
"""nethvctl against a real ovsdb-server."""

import json
import subprocess
import threading
from pathlib import Path

import pytest

from database import SRCDIR, db  # noqa: F401 (a fixture)

SHOP = {
    "nethv": 1, "tenant": "acme", "networks": [{
        "name": "shop",
        "switches": [
            {"name": "s1", "mode": "learning", "ports": [
                {"name": "web", "mac": "02:00:00:00:00:01",
                 "ips": ["10.0.0.1/24", "fd00::1/64"], "security": True},
                {"name": "db", "mac": "02:00:00:00:00:02", "ips": ["10.0.0.2/24"]}]},
            {"name": "s2", "ports": []}],
        "links": [{"name": "l1", "a": "s1", "b": "s2", "bandwidth": "100M"}]}]}


def without_port(document, name):
    document = json.loads(json.dumps(document))
    for switch in document["networks"][0]["switches"]:
        switch["ports"] = [p for p in switch["ports"] if p["name"] != name]
    return document


# Generic commands and what they have in common.

def test_generic_commands(db):
    db.ctl("create", "Tenant", "name=acme")
    assert db.get("Tenant", "acme", "name") == "acme"
    db.ctl("set", "Tenant", "acme", "external_ids:owner=me")
    assert db.get("Tenant", "acme", "external_ids:owner") == "me"
    db.ctl("wait-until", "Tenant", "acme", "external_ids:owner=me")
    assert "acme" in db.ctl("find", "Tenant", "external_ids:owner=me")[0]
    db.ctl("clear", "Tenant", "acme", "external_ids")
    db.ctl("destroy", "Tenant", "acme")
    assert db.ctl("list", "Tenant")[0] == ""


@pytest.mark.parametrize("format", ["table", "list", "html", "csv", "json"])
def test_formats(db, format):
    db.ctl("tenant-add", "acme")
    assert "acme" in db.ctl("list", "Tenant", f"--format={format}")[0]


def test_options_before_and_after_the_verb(db):
    db.ctl("--may-exist", "tenant-add", "a")
    db.ctl("tenant-add", "a", "--may-exist")
    db.ctl("tenant-add", "b", "--", "tenant-add", "c", "--", "--may-exist", "tenant-add", "a")
    names = db.json("list", "Tenant", "--columns=name")["data"]
    assert sorted(names) == [["a"], ["b"], ["c"]]


def test_several_verbs_are_one_transaction(db):
    before = db.dump()
    db.ctl("tenant-add", "a", "--", "tenant-add", "b", "--", "tenant-add", "a", code=1)
    assert db.dump() == before


def test_oneline(db):
    db.ctl("tenant-add", "a", "--", "tenant-add", "b")
    assert db.ctl("--oneline", "show")[0] == "tenant a\\ntenant b\n"


def test_dry_run_changes_nothing(db):
    before = db.dump()
    db.ctl("--dry-run", "tenant-add", "a")
    db.ctl("tenant-add", "a", "--dry-run")
    assert db.dump() == before


def test_database_from_environment(db, monkeypatch):
    monkeypatch.setenv("NETHV_DB", db.remote)
    r = subprocess.run([db.nethvctl, "tenant-add", "env"])
    assert r.returncode == 0
    assert db.get("Tenant", "env", "name") == "env"


def test_no_database(db):
    db.stop()
    _, err = db.ctl("show", code=1)
    assert "cannot reach a NetHV database" in err


def test_timeout(db):
    _, err = db.ctl("--timeout=1", "wait-until", "Tenant", "nobody", code=1)
    assert "gave up after 1 s" in err


def test_retry_waits_for_the_database(db):
    db.stop()
    starter = threading.Timer(0.5, db.start)
    starter.start()
    db.ctl("--retry", "--timeout=20", "show")
    starter.join()


# The intent sequence.

def sequence(db, network="acme/shop"):
    return int(db.get("Network", network, "sequence"))


def test_every_change_of_a_network_raises_its_sequence(db):
    db.apply(SHOP)
    steps = [
        ("set", "Switch", "acme/shop/s1", "external_ids:a=b"),
        ("add", "Port", "acme/shop/s1/web", "ips", '"10.0.0.9/24"'),
        ("set", "Network", "acme/shop", "external_ids:x=y"),
        ("destroy", "Link", "acme/shop/l1"),
        ("destroy", "Switch", "acme/shop/s2"),
        ("create", "Switch", "name=acme/shop/s3", "mode=learning",
         "network=" + db.uuid("Network", "acme/shop")),
    ]
    before = sequence(db)
    for step in steps:
        db.ctl(*step)
        assert sequence(db) == before + 1, step
        before += 1
    db.ctl("set", "Switch", "acme/shop/s1", "external_ids:a=b")
    assert sequence(db) == before, "a change that is none"


def test_other_networks_keep_their_sequence(db):
    db.apply(SHOP)
    db.apply({"nethv": 1, "tenant": "acme", "networks": [{"name": "other", "switches": []}]})
    before = sequence(db, "acme/other")
    db.ctl("set", "Port", "acme/shop/s1/web", "security=false")
    assert sequence(db, "acme/other") == before


# Documents.

def test_apply_then_export_changes_nothing(db):
    out, _ = db.apply(SHOP)
    assert "acme/shop/s1/web" in out
    assert sequence(db) == 1
    text, _ = db.ctl("export", "acme")
    exported = json.loads(text)
    assert exported["tenant"] == "acme"
    before = db.dump()
    db.ctl("apply", "-", stdin=text)
    assert db.dump() == before
    assert db.ctl("export", "acme/shop")[0] == text


def test_apply_from_a_file(db, tmp_path):
    file = tmp_path / "shop.json"
    file.write_text(json.dumps(SHOP))
    db.ctl("apply", file)
    assert db.get("Port", "acme/shop/s1/web", "security") == "true"
    assert db.get("Link", "acme/shop/l1", "bandwidth") == "100000000"


def test_apply_deletes_what_the_document_does_not_name(db):
    db.apply(SHOP)
    out, _ = db.apply(without_port(SHOP, "db"))
    assert "acme/shop/s1/db" in out
    db.ctl("get", "Port", "acme/shop/s1/db", "name", code=1)
    db.ctl("get", "Port", "acme/shop/s1/web", "name")
    assert sequence(db) == 2


def test_apply_changes_a_row_in_place(db):
    db.apply(SHOP)
    before = db.uuid("Port", "acme/shop/s1/web")
    document = json.loads(json.dumps(SHOP))
    document["networks"][0]["switches"][0]["ports"][0]["security"] = False
    db.apply(document)
    assert db.uuid("Port", "acme/shop/s1/web") == before
    assert db.get("Port", "acme/shop/s1/web", "security") == "false"


def test_apply_dry_run(db):
    before = db.dump()
    out, _ = db.apply(SHOP, "--dry-run")
    assert "acme/shop/s1/web" in out
    assert db.dump() == before


def test_apply_json(db):
    out, _ = db.apply(SHOP, "--format=json")
    steps = json.loads(out)["steps"]
    assert {"Network", "network"} & {s["kind"] for s in steps}


def test_apply_is_all_or_nothing(db):
    # The second network's switch takes a name that something else has already.
    db.apply(SHOP)
    db.create("Switch", name="acme/evil/s9", mode="learning",
              network=db.uuid("Network", "acme/shop"))
    before = db.dump()
    document = {"nethv": 1, "tenant": "acme", "networks": [
        {"name": "good", "switches": [{"name": "s1", "ports": []}]},
        {"name": "evil", "switches": [{"name": "s9", "ports": []}]}]}
    _, err = db.apply(document, code=1)
    assert "nothing has been changed" in err
    assert db.dump() == before


@pytest.mark.parametrize("text, says", [
    ("", "-:"),
    ("{", "-:"),
    ("[]", "-:"),
    ('{"nethv": 2}', "-:"),
    ('{"nethv": 1, "tenant": "acme", "networks": [], "surprise": 1}', "surprise"),
    ('{"nethv": 1, "tenant": "a/b", "networks": []}', "a/b"),
    ('{"nethv": 1, "tenant": "a", "networks": [{"name": "n", "switches": [{"name": "s", '
     '"ports": [{"name": "p", "mac": "ff:ff:ff:ff:ff:ff"}]}]}]}', "ff:ff:ff:ff:ff:ff"),
    ("\x01" * 1000, "-:"),
    ("[" * 100000, "-:"),
], ids=["empty", "cut", "array", "version", "key", "name", "mac", "binary", "deep"])
def test_bad_documents(db, text, says):
    before = db.dump()
    _, err = db.ctl("apply", "-", stdin=text, code=1)
    assert says in err and len(err) < 2000
    assert db.dump() == before


def test_faults_of_a_document_are_told_without_a_database(db):
    db.stop()
    _, err = db.ctl("apply", "-", stdin="{", code=1)
    assert "-:" in err and "cannot reach" not in err


def test_inventory_round_trip(db):
    db.apply({"nethv": 1,
               "clouds": [{"name": "aws1", "id": 1, "provider": "aws"},
                          {"name": "az1", "id": 2, "provider": "azure"}],
               "links": [{"a": "aws1", "b": "az1", "cost": 3.5}]})
    assert db.get("Cloud", "az1", "provider") == "azure"
    text, _ = db.ctl("export")
    before = db.dump()
    db.ctl("apply", "-", stdin=text)
    assert db.dump() == before


# Tenants and networks.

def test_tenant_del(db):
    db.apply(SHOP)
    _, err = db.ctl("tenant-del", "acme", code=1)
    assert "acme/shop" in err
    db.ctl("tenant-del", "acme", "--networks")
    for table in "Tenant", "Network", "Switch", "Port", "Link":
        assert db.ctl("list", table)[0] == ""


def test_network_del(db):
    db.apply(SHOP)
    db.ctl("network-del", "acme/shop")
    assert db.ctl("list", "Port")[0] == ""
    assert db.get("Tenant", "acme", "name") == "acme"


# Waiting for hosts.

class Hosts:
    """Hosts and a global controller written by hand."""

    def __init__(self, db):
        self.db = db
        self.cloud = db.create("Cloud", name="c1", id=1, mtu=1500, mode="direct")
        self.n = 0
        self.n_switches = 0

    def add(self, name, alive=True):
        self.n += 1
        uuid = self.db.create("Host", name=name, id=self.n, cloud=self.cloud)
        self.db.create("Host_State", host=uuid, cloud=self.cloud,
                       alive=str(alive).lower())
        return uuid

    def location(self, n):
        return 1 << 24 | n << 12

    def follow(self, host, n, intent):
        return self.db.create("Follower", host=host, intent=intent,
                              network=self.db.uuid("Network", "acme/shop"),
                              location=self.location(n))

    def take_up(self, changes="{}"):
        network = self.db.uuid("Network", "acme/shop")
        self.db.create("Network_State", network=network, tag=1, number=1, changes=changes)
        for switch in self.db.ctl("--bare", "--columns=_uuid", "find", "Switch",
                                  f"network={network}")[0].split():
            self.n_switches += 1
            self.db.create("Switch_State", network=network, switch=switch,
                           number=self.n_switches)


CHANGE = ("set", "Port", "acme/shop/s1/web", "security=false", "--wait=hosts", "--timeout=1")


@pytest.fixture
def hosts(db):
    db.apply(SHOP)
    return Hosts(db)


def test_wait_names_the_global_controller(db, hosts):
    _, err = db.ctl(*CHANGE, code=2)
    assert "acme/shop: the global controller has not taken it up" in err
    assert db.get("Port", "acme/shop/s1/web", "security") == "false"


def test_wait_names_hosts_that_lag(db, hosts):
    hosts.follow(hosts.add("vm1"), 1, 1)
    hosts.follow(hosts.add("vm2"), 2, 2)
    hosts.take_up()
    _, err = db.ctl(*CHANGE, code=2)
    assert "vm1 (has intent 1 of 2)" in err
    assert "vm2" not in err


def test_wait_ends_when_all_live_hosts_follow(db, hosts):
    hosts.follow(hosts.add("vm1"), 1, 2)
    hosts.follow(hosts.add("dead", alive=False), 2, 1)
    hosts.take_up()
    _, err = db.ctl(*CHANGE)
    assert err == "acme/shop: not alive, so not waited for: dead\n"


def test_wait_counts_hosts_that_claim_a_port(db, hosts):
    host = hosts.add("vm1")
    db.create("Claim", host=host, iface_id="acme/shop/s1/web", status="unknown")
    hosts.take_up()
    _, err = db.ctl(*CHANGE, code=2)
    assert "vm1 (claims a port" in err


def test_wait_names_hosts_that_lack_bindings(db, hosts):
    follower = hosts.follow(hosts.add("vm1"), 1, 2)
    hosts.take_up(f"{follower}=3")
    db.ctl("set", "Follower", follower, "sequence=2")
    _, err = db.ctl(*CHANGE, code=2)
    assert "vm1 (has not confirmed all bindings)" in err
    db.ctl("set", "Follower", follower, "intent=3", "sequence=3")
    db.ctl(*CHANGE[:3], "security=true", *CHANGE[4:])


def test_wait_wakes_up(db, hosts):
    follower = hosts.follow(hosts.add("vm1"), 1, 1)
    hosts.take_up()
    setter = threading.Timer(0.3, db.ctl, ("set", "Follower", follower, "intent=2"))
    setter.start()
    db.ctl(*CHANGE[:-1], "--timeout=10")
    setter.join()


def test_wait_for_a_document_that_changes_nothing(db, hosts):
    hosts.follow(hosts.add("vm1"), 1, 0)
    hosts.take_up()
    _, err = db.apply(SHOP, "--wait=hosts", "--timeout=1", code=2)
    assert "vm1 (has intent 0 of 1)" in err


def test_waiting_says_nothing_of_bindings(db, hosts):
    host = hosts.add("vm1")
    hosts.follow(host, 1, 1)
    hosts.take_up()
    db.create("Binding", host=host, network=db.uuid("Network", "acme/shop"),
              port=db.uuid("Port", "acme/shop/s1/web"), location=hosts.location(1) + 4)
    _, err = db.apply(SHOP, "--wait=hosts", "--timeout=1")
    assert not err


def test_wait_for_a_deletion(db, hosts):
    hosts.follow(hosts.add("vm1"), 1, 1)
    _, err = db.ctl("network-del", "acme/shop", "--wait=hosts", "--timeout=1", code=2)
    assert "live hosts that still follow it: vm1" in err


def test_wait_none_does_not_wait(db, hosts):
    db.ctl("set", "Port", "acme/shop/s1/web", "security=false", "--wait=none")


# What is shown.

def test_show(db, hosts):
    host = hosts.add("vm1")
    other = hosts.add("vm2")
    db.create("Binding", host=host, port=db.uuid("Port", "acme/shop/s1/web"),
              network=db.uuid("Network", "acme/shop"), location=hosts.location(1) | 4)
    db.create("Claim", host=other, iface_id="acme/shop/s1/web", status="conflict")
    out, _ = db.ctl("show")
    assert "on vm1 (c1), number 1" in out
    assert "claimed by vm2 in vain: another host has the port" in out
    assert "link l1, s1 -- s2, 100 Mbit/s" in out
    port, = db.json("show", "acme/shop/s1/web")
    assert port["host"] == "vm1" and port["ips"] == ["10.0.0.1/24", "fd00::1/64"]
    assert port["pending_claims"][0]["host"] == "vm2"
    assert db.json("show")[0]["networks"][0]["switches"][0]["ports"][1]["host"] == "vm1"


def test_show_leaves_out_malformed_rows(db, hosts):
    network, switch = db.uuid("Network", "acme/shop"), db.uuid("Switch", "acme/shop/s2")
    for name, columns in {
            "acme/shop/s2/a": {"macs": '"02:00:00:00:00"'},
            "acme/shop/s2/b": {"ips": '"10.0.0.1/33"'},
            "acme/shop/s2/c": {"macs": '"02:00:00:00:00:0a","02:00:00:00:00:0A"'},
            "acme/other/s2/d": {},
            "acme/shop/s1/e": {},
            "e": {}}.items():
        db.create("Port", name=name, network=network, switch=switch, **columns)
    out, err = db.ctl("show", "acme/shop/s2")
    assert out == "    switch s2, learning\n"
    assert "is left out" in err


def test_a_port_cannot_reach_into_another_network(db):
    db.apply(SHOP)
    db.apply({"nethv": 1, "tenant": "evil", "networks": [{"name": "n", "switches": []}]})
    db.create("Port", name="acme/shop/s1/spy", network=db.uuid("Network", "evil/n"),
              switch=db.uuid("Switch", "acme/shop/s1"))
    assert "spy" not in db.ctl("show")[0]


def test_status(db, hosts):
    host = hosts.add("vm1")
    hosts.add("vm2", alive=False)
    db.ctl("set", "Host_State", db.ctl("--bare", "--columns=_uuid", "find", "Host_State",
                                       f"host={host}")[0].strip(), "wire=2")
    db.create("Host_Report", host=host, problems='"no kernel module"')
    db.create("Claim", host=host, iface_id="acme/shop/s1/nowhere", status="unknown")
    status = db.json("status")
    assert status["clouds"][0]["hosts"] == 2 and status["clouds"][0]["hosts_alive"] == 1
    assert status["pending_claims"][0]["iface_id"] == "acme/shop/s1/nowhere"
    for problem in ("host vm1: no kernel module", "host vm2 is not alive",
                    "host vm2 reads version 1 of the wire format only, others read 2: "
                    "nobody writes it", "cloud c1 has no gateway"):
        assert problem in status["problems"]
        assert problem in db.ctl("status")[0]


def test_tree_show(db):
    cloud = {n: db.create("Cloud", name=n, id=i + 1, mtu=1500, mode="direct")
             for i, n in enumerate(["aws1", "az1", "gcp1", "far"])}
    host = {n: db.create("Host", name=f"gw-{n}", id=1, cloud=u, gateway="true")
            for n, u in cloud.items()}
    db.create("Global", tree=2, controller="gw-aws1")
    for a, b, cost, tree, role in (("az1", "aws1", 27, 2, "tree"), ("az1", "gcp1", 14, 2, "tree"),
                                   ("aws1", "gcp1", 40, 2, "standby"),
                                   ("aws1", "gcp1", 9, 1, "tree")):
        db.create("Edge", a=cloud[a], b=cloud[b], cost=cost, tree=tree, role=role)
    db.create("Tunnel", a=host["aws1"], b=host["az1"], encap="geneve", a_up="true", b_up="true")
    assert db.ctl("tree-show")[0] == """\
tree 2
aws1
`-- az1, cost 27, geneve up (gw-az1 -- gw-aws1)
    `-- gcp1, cost 14
far (no edge leads here)
standby: aws1 -- gcp1, cost 40
"""
    tree = db.json("tree-show")
    assert tree["tree"] == 2 and len(tree["edges"]) == 3
    assert '"az1" -- "aws1"' in db.ctl("tree-show", "--dot")[0]


def test_tree_show_state_and_history(db, square):
    host = {n: db.uuid("Host", f"gw-{n}") for n in ("aws1", "az1", "gcp1")}
    for name, neighbours in (("aws1", 2), ("az1", "1,3"), ("gcp1", 2)):
        db.create("Gateway_State", host=host[name], plan=3, number=6,
                  neighbours=f"[{neighbours}]")
    db.create("Plan", number=1, since=1000000000, cost=10, added='"aws1 -- az1"')
    db.create("Plan", number=3, since=1000000061, cost=30, added='"az1 -- gcp1"',
              removed='"aws1 -- gcp1"')
    assert db.ctl("tree-show")[0] == """\
tree 3
aws1
`-- az1, cost 10
    `-- gcp1, cost 20
new1 (no edge leads here)
standby: aws1 -- gcp1, cost 40
gateways: all 3 by tree 3
history
  tree 3 since 2001-09-09 01:47:41 UTC, cost 30
    - aws1 -- gcp1
    + az1 -- gcp1
  tree 1 since 2001-09-09 01:46:40 UTC, cost 10
    + aws1 -- az1
"""
    az1, gcp1 = (db.uuid("Cloud", name) for name in ("az1", "gcp1"))
    db.create("Edge", a=az1, b=gcp1, cost=9, tree=4, role="tree")
    state = db.ctl("--bare", "--columns=_uuid", "find", "Gateway_State",
                   f"host={host['az1']}")[0].strip()
    db.ctl("set", "Gateway_State", state, "prepared=4", "number=7", "opened=3")
    text = db.ctl("tree-show")[0]
    assert "cost 9" not in text
    assert "to come: tree 4, prepared by az1, not yet by aws1, gcp1\n" in text
    assert ("gateway of az1: by tree 3, repaired since, next to aws1, gcp1, "
            "opened tunnels to gcp1\n") in text
    assert "gateway of aws1: by tree 3, next to az1\n" in text
    shown = db.json("tree-show")
    assert shown["to-come"] == {"tree": 4, "prepared": ["az1"], "waiting": ["aws1", "gcp1"]}
    assert shown["gateways"][1] == {
        "cloud": "az1", "host": "gw-az1", "tree": 3, "prepared": 4, "number": 7,
        "neighbours": ["aws1", "gcp1"], "opened": ["gcp1"]}
    assert shown["history"][0] == {"tree": 3, "since": 1000000061, "cost": 30,
                                   "added": ["az1 -- gcp1"], "removed": ["aws1 -- gcp1"]}


def test_bandwidth(db, square):
    az1, gcp1 = (db.uuid("Host", f"gw-{name}") for name in ("az1", "gcp1"))
    for clouds, words in ((("az1", "moon"), 'no cloud called "moon"'),
                          (("az1", "az1"), "give two"),
                          (("az1", "new1"), "no row of Cloud_Link between az1 and new1"),
                          (("az1", "gcp1"), "no tunnel between az1 and gcp1")):
        assert words in fails(db, "bandwidth", *clouds)
    tunnel = db.create("Tunnel", a=gcp1, b=az1, encap="gre", a_up="true", b_up="false")
    assert "or it is down" in fails(db, "bandwidth", "az1", "gcp1")
    db.ctl("set", "Tunnel", tunnel, "b_up=true")
    link = db.ctl("--bare", "--columns=_uuid", "find", "Cloud_Link", "rtt=20")[0].strip()

    assert "gateway of cloud gcp1 has not measured" in db.ctl(
        "--timeout=1", "bandwidth", "gcp1", "az1", code=1)[1]
    assert db.ctl("get", "Cloud_Link", link, "bandwidth_wanted")[0] == "1\n"
    db.ctl("set", "Cloud_Link", link, "a_bandwidth=94.06", "a_bandwidth_done=5",
           "a_bandwidth_time=1000000000")
    assert "gateway of cloud gcp1 has not measured" in db.ctl(
        "--timeout=1", "bandwidth", "az1", "gcp1", code=1)[1]
    db.ctl("set", "Cloud_Link", link, "b_bandwidth_done=5")
    assert "the gateway of cloud az1 does not answer that of gcp1" in db.ctl(
        "bandwidth", "az1", "gcp1", code=1)[1]
    db.ctl("set", "Cloud_Link", link, "b_bandwidth=7")
    assert db.ctl("bandwidth", "gcp1", "az1")[0] == """\
gcp1 -> az1: 7.0 Mbit/s
az1 -> gcp1: 94.1 Mbit/s
"""
    assert db.json("bandwidth", "az1", "gcp1")[0] == {
        "from": "az1", "to": "gcp1", "mbps": 94.06, "time": 1000000000}
    assert db.ctl("--dry-run", "bandwidth", "az1", "gcp1")[0] == ""
    assert "gcp1, cost 20, gre up (gw-az1 -- gw-gcp1), 94.1 Mbit/s to gcp1, 7.0 Mbit/s to az1" \
        in db.ctl("tree-show")[0]
    edges = {(edge["a"], edge["b"]): edge["bandwidth"] for edge in db.json("tree-show")["edges"]}
    assert edges["az1", "gcp1"] == {"gcp1": 94.06, "az1": 7}
    assert edges["aws1", "az1"] == {}


@pytest.fixture
def square(db):
    """Four clouds, three of them with gateways and in the tree."""
    cloud = {n: db.create("Cloud", name=n, id=i + 1, mtu=1500, mode="direct")
             for i, n in enumerate(["aws1", "az1", "gcp1", "new1"])}
    for n in ("aws1", "az1", "gcp1"):
        db.create("Host", name=f"gw-{n}", id=1, cloud=cloud[n], gateway="true")
    for a, b, rtt in (("aws1", "az1", 10), ("az1", "gcp1", 20), ("aws1", "gcp1", 40),
                      ("new1", "gcp1", 5), ("new1", "aws1", 7)):
        db.create("Cloud_Link", a=cloud[a], b=cloud[b], rtt=rtt)
    db.create("Global", tree=3, controller="gw-aws1")
    for a, b, cost, role in (("aws1", "az1", 10, "tree"), ("az1", "gcp1", 20, "tree"),
                             ("aws1", "gcp1", 40, "standby")):
        db.create("Edge", a=cloud[a], b=cloud[b], cost=cost, tree=3, role=role)


def test_tree_plan(db, square):
    assert db.ctl("tree-plan")[0] == "tree 3: 2 edges, cost 30\nnothing would change\n"
    assert db.ctl("tree-plan", "without", "az1")[0] == """\
tree 3: 2 edges, cost 30
- tree: aws1 -- az1, cost 10
- tree: az1 -- gcp1, cost 20
+ tree: aws1 -- gcp1, cost 40
- standby: aws1 -- gcp1, cost 40
then: 1 edges, cost 40
"""
    assert db.ctl("tree-plan", "cost", "gcp1", "aws1", "1")[0] == """\
tree 3: 2 edges, cost 30
- tree: az1 -- gcp1, cost 20
+ tree: aws1 -- gcp1, cost 1
- standby: aws1 -- gcp1, cost 40
+ standby: az1 -- gcp1, cost 20
then: 2 edges, cost 11
"""
    # Of a tenth more is made nothing.
    assert "nothing" in db.ctl("tree-plan", "with", "az1")[0]


def test_tree_plan_with_more_clouds(db, square):
    plan = db.json("tree-plan", "with", "new1")
    assert plan["number"] == 3 and plan["tree"]["cost-before"] == 30
    assert {(edge["a"], edge["b"], edge["cost"]) for edge in plan["tree"]["edges"]} == {
        ("aws1", "az1", 10), ("aws1", "new1", 7), ("gcp1", "new1", 5)}
    assert [(edge["a"], edge["b"]) for edge in plan["tree"]["removed"]] == [("az1", "gcp1")]
    plan = db.json("tree-plan", "with", "moon1", "cost", "moon1", "gcp1", "3")
    assert [edge for edge in plan["tree"]["added"]] == [{"a": "gcp1", "b": "moon1", "cost": 3}]
    assert plan["tree"]["cost-after"] == 33 and not plan["tree"]["removed"]
    # One that nobody has measured is joined all the same.
    plan = db.json("tree-plan", "with", "moon1")
    assert [(edge["b"], edge["cost"]) for edge in plan["tree"]["added"]] == [("moon1", None)]
    # "without" after "with" is what counts.
    assert "nothing" in db.ctl("tree-plan", "with", "new1", "without", "new1")[0]


def test_tree_plan_refuses(db, square):
    for args in (("with",), ("without", "moon1"), ("aws1",), ("cost", "aws1", "az1"),
                 ("cost", "aws1", "aws1", "1"), ("cost", "aws1", "az1", "x"),
                 ("cost", "aws1", "az1", "nan"), ("cost", "aws1", "az1", "inf"),
                 ("cost", "aws1", "moon1", "1")):
        fails(db, "tree-plan", *args)


def test_lists(db, hosts):
    hosts.add("vm1")
    assert "vm1" in db.ctl("host-list")[0]
    assert db.json("network-list")["data"][0][0] == "acme/shop"


def test_public_addresses_have_one_form(db):
    db.create("Global", controller="gw1")
    db.ctl("cloud-add", "c1", "--public-ip=FD00:0::1,192.0.2.1")
    assert "fd00::1" in db.get("Cloud", "c1", "public_ips")
    _, err = db.ctl("cloud-add", "c2", "--public-ip=fd00::1", code=1)
    assert 'fd00::1 is a public address of cloud "c1" already' in err
    for bad in ("0.0.0.0", "127.0.0.1", "224.0.0.1", "::", "192.0.2.0/24", ""):
        fails(db, "cloud-add", "c2", f"--public-ip={bad}")


def test_a_removed_host_leaves_nothing(db, hosts):
    uuid = hosts.add("gw1")
    db.create("Gateway_State", host=uuid)
    db.create("Host_Report", host=uuid)
    hosts.follow(uuid, 1, 0)
    db.create("Claim", host=uuid, status="unknown", iface_id="acme/shop/s1/web")
    hosts.add("gw2")
    db.ctl("host-remove", "gw1")
    rows = db.dump()
    assert uuid not in rows and "gw1" not in rows and "gw2" in rows


# Bad arguments, for every verb.

HOSTILE = ["", "/", "//", "a/b/c/d/e/f", "x" * 5000, "a b", "a\nb", "%s%n", "'; DROP", "\x7f", "é",
           "-1", "@x", "*", "{}", "[]"]

VERBS = {
    "tenant-add": (1, 1), "tenant-del": (1, 1), "network-del": (1, 1), "apply": (1, 1),
    "export": (0, 1), "show": (0, None), "status": (0, 0), "tree-show": (0, 0),
    "tree-plan": (0, None), "bandwidth": (2, 2),
    "network-list": (0, 0), "host-list": (0, 0), "list": (1, None), "get": (2, None),
    "set": (3, None), "find": (1, None), "create": (2, None), "destroy": (1, None),
    "add": (4, None), "remove": (4, None), "clear": (3, None), "wait-until": (2, None),
    "cloud-add": (1, 1), "host-token": (1, 1), "host-remove": (1, 1), "firewall": (1, 1),
    "trace": (2, 2),
}


def fails(db, *args):
    before = db.dump()
    out, err = db.ctl(*args, code=1)
    assert out == "" and err.strip(), args
    assert db.dump() == before, args
    return err


@pytest.mark.parametrize("verb", VERBS)
def test_missing_and_surplus_arguments(db, verb):
    least, most = VERBS[verb]
    if least:
        fails(db, verb)
        fails(db, verb, *["x"] * (least - 1))
    if most is not None:
        fails(db, verb, *["x"] * (most + 1))
    fails(db, verb, *["x"] * least, "--no-such-option")
    fails(db, verb, "--may-exist", "--may-exist", *["x"] * least)


@pytest.mark.parametrize("verb", ["tenant-add", "tenant-del", "network-del", "apply", "export",
                                  "show", "list", "destroy", "cloud-add", "host-token",
                                  "host-remove", "firewall"])
def test_hostile_arguments(db, verb):
    for arg in HOSTILE:
        if arg.startswith("-"):
            continue
        fails(db, verb, arg)


def test_hostile_numbers_and_options(db):
    for option in ("--timeout=0", "--timeout=-1", "--timeout=x", "--timeout=99999999999",
                   "--wait=never", "--wait=", "--format=xml", "--db=", "--db=nonsense",
                   "--db=tcp:999.0.0.1:1"):
        fails(db, option, "show")


def test_generic_commands_refuse_what_the_schema_forbids(db):
    db.apply(SHOP)
    for args in (("create", "Switch", "name=x", "mode=quick"),
                 ("create", "Port", "name=x"),
                 ("set", "Port", "acme/shop/s1/web", "name=y"),
                 ("set", "Port", "acme/shop/s1/web", "nope=1"),
                 ("create", "Cloud", "name=c", "id=255", "mtu=1500"),
                 ("create", "Cloud", "name=c", "id=1", "mtu=1"),
                 ("destroy", "Tenant", "acme"),
                 ("destroy", "Switch", "acme/shop/s1"),
                 ("list", "Nothing"), ("get", "Port", "nope", "name"),
                 ("tenant-add", "acme"), ("tenant-del", "nobody"),
                 ("network-del", "acme/nope"), ("network-del", "acme")):
        fails(db, *args)


# What the command says of itself.

def commands(db):
    out = subprocess.run([db.nethvctl, "--commands"], check=True,
                         capture_output=True, text=True).stdout
    return [line.split(",")[-2].strip() for line in out.splitlines()]


def test_every_verb_is_in_help_and_in_the_manual(db):
    page = (SRCDIR / "man" / "nethvctl.8").read_text()
    text = db.ctl("--help")[0]
    for verb in commands(db):
        if verb != "comment":
            assert f"\n  {verb} " in text, verb
        assert verb in page.replace("\\-", "-"), verb


def test_every_option_is_in_the_manual(db):
    page = (SRCDIR / "man" / "nethvctl.8").read_text().replace("\\-", "-")
    out = subprocess.run([db.nethvctl, "--options"], check=True,
                         capture_output=True, text=True).stdout
    for line in out.splitlines():
        option = line.split("=")[0].split(" ")[0]
        assert option in page, option


def test_the_bad_argument_tests_know_every_verb(db):
    with_tests_of_their_own = {"database-move", "init", "diagnose", "trace"}
    assert set(commands(db)) - set(VERBS) - with_tests_of_their_own == {"comment"}


# Completion.

def complete(db, *words):
    """What bash would offer for the last of 'words', which may be empty."""
    path = ":".join([str(Path(db.nethvctl).resolve().parent), "/usr/bin", "/bin"])
    script = ('. "$0"; COMP_WORDS=(nethvctl "$@"); COMP_CWORD=$#; _nethvctl; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(
        ["bash", "-c", script, SRCDIR / "cli" / "nethvctl-bashcomp.bash", *words], check=True,
        capture_output=True, text=True, env={"PATH": path, "NETHV_DB": db.remote})
    return sorted(done.stdout.split())


def test_completion(db):
    db.apply(SHOP)
    assert complete(db, "tena") == ["tenant-add", "tenant-del"]
    assert complete(db, "show", "acme/shop/s1/") == ["acme/shop/s1/db", "acme/shop/s1/web"]
    assert complete(db, "tenant-del", "") == ["acme"]
    assert "--networks" in complete(db, "tenant-del", "--")
    assert complete(db, "--wai") == ["--wait="]
    assert complete(db, "list", "Switch_") == ["Switch_State"]
    assert complete(db, "list", "Switch", "") == ["acme/shop/s1", "acme/shop/s2"]
    assert complete(db, "status", "") == []
    assert complete(db, "tree-plan", "wi") == ["with", "without"]
    assert complete(db, "bandwidth", "--for") == ["--format="]
    assert complete(db, "show", "--", "networ") == ["network-del", "network-list"]
