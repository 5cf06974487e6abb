# SPDX-License-Identifier: Apache-2.0
"""The followed database (lib/ovs/db.c), against a real ovsdb-server and relay."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from pathlib import Path

import pytest

from database import db, wait_for  # noqa: F401 (a fixture)

NETWORKS = {"acme": ["shop", "lab"], "evil": ["net"]}


class Client:
    """tests/db-client: follows the database and answers questions."""

    def __init__(self, db, remote, *args):
        self.process = subprocess.Popen(
            [Path(db.bindir) / "tests" / "db-client", remote, *args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def ask(self, command=None):
        """Returns the answer to 'command', without it to what was told."""
        if command:
            self.tell(command)
        lines = []
        watchdog = threading.Timer(15, self.process.kill)
        watchdog.start()
        while line := self.process.stdout.readline().strip():
            lines.append(line)
        watchdog.cancel()
        assert self.process.poll() is None, command
        return lines

    def names(self, kind):
        return [row.split()[1] for row in self.ask("dump") if row.startswith(kind + " ")]

    def port(self, name):
        return next((row for row in self.ask("dump") if row.startswith(f"port {name} ")), None)

    def stop(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def client(db):
    clients = []

    def start(*args, remote=None):
        clients.append(Client(db, remote or db.remote, *args))
        return clients[-1]

    yield start
    for one in clients:
        one.stop()


@pytest.fixture
def networks(db):
    """UUIDs of networks, each with a switch and a port, by name."""
    for tenant, names in NETWORKS.items():
        db.apply({"nethv": 1, "tenant": tenant, "networks": [
            {"name": name, "switches": [{"name": "s", "ports": [
                {"name": "p", "mac": "02:00:00:00:00:01"}]}]} for name in names]})
    return {f"{t}/{n}": db.uuid("Network", f"{t}/{n}") for t in NETWORKS for n in NETWORKS[t]}


@pytest.fixture
def hosts(db):
    """Three hosts in two clouds."""
    clouds = [db.create("Cloud", name=f"c{i}", id=i, mtu=1500, mode="direct") for i in (1, 2)]
    return {name: db.create("Host", name=name, cloud=clouds[cloud], id=number)
            for name, cloud, number in (("a", 0, 1), ("b", 0, 2), ("far", 1, 1))}


def test_all_follows_everything(db, client, networks, hosts):
    c = client("all")
    assert c.names("network") == ["acme/lab", "acme/shop", "evil/net"]
    assert c.names("host") == ["a", "b", "far"]
    db.ctl("tenant-add", "new")
    wait_for(lambda: "new" in c.names("tenant"))
    db.ctl("network-del", "evil/net")
    wait_for(lambda: c.names("network") == ["acme/lab", "acme/shop"])
    assert "evil/net/s/p" not in c.names("port")
    db.ctl("set", "Port", "acme/lab/s/p", 'macs="02:00:00:00:00:01","02:00:00:00:00:02"')
    wait_for(lambda: "macs=2" in c.port("acme/lab/s/p"))


class Session:
    """What a client of ovsdb-server has asked to monitor."""

    def __init__(self, tables):
        self.monitored = {table: set(request["columns"])
                          for table, (request,) in tables.items()}
        self.known = {table: columns | self.of_clauses(tables[table][0])
                      for table, columns in self.monitored.items()}

    @staticmethod
    def of_clauses(request):
        return {clause[0] for clause in request.get("where", [])
                if not isinstance(clause, bool)}


def sessions(log):
    """The sessions in a server's log, each with its tables' columns, and columns
    that were new when a condition changed."""
    found, late = {}, []
    for line in log.splitlines():
        match = re.search(r"\|DBG\|(\S+): received request, "
                          r'method="monitor_cond_(since|change)", params=(.*), id=', line)
        if not match or '"_Server"' in match[3]:
            continue
        peer, what, params = match[1], match[2], json.loads(match[3])
        if what == "since":
            found[peer] = Session(params[2])
            continue
        for table, (request,) in params[2].items():
            late += [(table, column) for column in Session.of_clauses(request)
                     if column not in found[peer].known[table]]
    return found, late


def test_no_condition_names_a_column_late(db, client, networks, hosts):
    """See lib/ovs/db-conditions.c: that ovsdb-server does not survive it."""
    subprocess.run(["ovs-appctl", "-t", f"{db.directory}/db.ctl", "vlog/set",
                    "jsonrpc:file:dbg"], check=True)
    everything, one = client("all"), client("host", "a")
    port = db.uuid("Port", "evil/net/s/p")
    for command in f"follow {networks['acme/shop']}", "claim acme/lab/s/p", f"claim {port}":
        one.tell(command)
    wait_for(lambda: len(one.names("port")) == 3)
    assert len(everything.names("port")) == 3
    document = db.directory / "new.json"
    document.write_text(json.dumps({"nethv": 1, "tenant": "new", "networks": [
        {"name": "net", "switches": [{"name": "s"}]}]}))
    db.ctl("apply", document)
    found, late = sessions((db.directory / "db.log").read_text())
    assert late == []
    # Two that follow, and nethvctl; none shares its rows with another kind.
    monitored = [session.monitored for session in found.values()]
    assert any("_uuid" in session.known["Port"] for session in found.values())
    assert all(a != b for i, a in enumerate(monitored) for b in monitored[:i])


def test_state_comes_and_goes(db, client, networks):
    c = client("all")
    state = db.create("Network_State", network=networks["acme/shop"], tag=1, number=7)
    wait_for(lambda: "network acme/shop number=7 intent=1" in c.ask("dump"))
    db.ctl("destroy", "Network_State", state)
    wait_for(lambda: "network acme/shop number=0 intent=1" in c.ask("dump"))


def test_a_row_that_becomes_malformed_is_left_out_until_mended(db, client, networks):
    c = client("all")
    for macs, present in (('"nonsense"', False), ('"02:00:00:00:00:05"', True),
                          ('"01:00:00:00:00:05"', False)):
        db.ctl("set", "Port", "acme/shop/s/p", f"macs={macs}")
        wait_for(lambda: (c.port("acme/shop/s/p") is not None) == present)


def test_a_binding_of_another_hosts_location_is_left_out(db, client, networks, hosts):
    c = client("all")
    port = db.uuid("Port", "acme/shop/s/p")
    for location, bound in ((2 << 24 | 1 << 12 | 4, 0), (1 << 24 | 1 << 12 | 4, 1), (3, 0)):
        row = db.create("Binding", port=port, network=networks["acme/shop"], host=hosts["a"],
                        location=location)
        db.ctl("tenant-add", f"t{location}")
        wait_for(lambda: f"t{location}" in c.names("tenant"))
        assert c.port("acme/shop/s/p").endswith(f"bound={bound}")
        db.ctl("destroy", "Binding", row)


def test_a_removed_host_takes_its_bindings_along(db, client, networks, hosts):
    c = client("all")
    db.create("Binding", port=db.uuid("Port", "acme/shop/s/p"), host=hosts["a"],
              network=networks["acme/shop"], location=1 << 24 | 1 << 12 | 4)
    wait_for(lambda: c.port("acme/shop/s/p").endswith("bound=1"))
    db.ctl("destroy", "Host", "a")
    wait_for(lambda: c.port("acme/shop/s/p").endswith("bound=0"))


def test_reconnection_compares_everything(db, client, networks):
    c = client("all")
    assert "acme/lab" in c.names("network")
    db.stop()
    # While nobody looks: one row goes, one comes, one changes.
    db.start()
    db.ctl("network-del", "acme/lab", "--", "tenant-add", "later", "--",
           "set", "Port", "acme/shop/s/p", 'macs="02:00:00:00:00:01","02:00:00:00:00:09"')
    wait_for(lambda: c.names("tenant") == ["acme", "evil", "later"])
    assert c.names("network") == ["acme/shop", "evil/net"]
    assert "macs=2" in c.port("acme/shop/s/p")


def test_contents_stay_while_there_is_no_connection(db, client, networks):
    c = client("all")
    c.ask("dump")
    db.stop()
    wait_for(lambda: c.ask("status") == ["connected=0 complete=1 self=0"])


def test_another_database_replaces_everything(db, client, networks):
    c = client("all")
    assert len(c.names("network")) == 3
    db.stop()
    db.file.unlink()
    subprocess.run(["ovsdb-tool", "create", db.file,
                    Path(__file__).resolve().parents[2] / "lib" / "nethv.ovsschema"], check=True)
    db.start()
    db.ctl("tenant-add", "other")
    wait_for(lambda: c.names("tenant") == ["other"])
    assert c.names("network") == [] and c.names("port") == []


# What a host follows.

def test_a_host_starts_with_its_cloud_only(db, client, networks, hosts):
    c = client("host", "a")
    assert c.names("cloud") == ["c1", "c2"]
    wait_for(lambda: c.names("host") == ["a", "b"])
    for kind in "tenant", "network", "switch", "port":
        assert c.names(kind) == []


def test_a_host_follows_networks(db, client, networks, hosts):
    c = client("host", "a")
    c.ask("follow " + networks["acme/shop"])
    c.ask("has " + networks["acme/shop"])
    assert c.names("port") == ["acme/shop/s/p"]
    assert c.names("network") == ["acme/shop"]
    c.ask("follow " + networks["evil/net"])
    c.ask("has " + networks["evil/net"])
    assert c.names("network") == ["acme/shop", "evil/net"]
    db.ctl("network-del", "evil/net")
    wait_for(lambda: c.names("network") == ["acme/shop"])


def test_a_network_is_kept_for_a_while(db, client, networks, hosts):
    c = client("host", "a")
    c.ask("follow " + networks["acme/shop"])
    c.ask("unfollow " + networks["acme/shop"])
    assert c.names("network") == ["acme/shop"]


@pytest.mark.parametrize("by", ["name", "_uuid"])
def test_a_claim_finds_its_port(db, client, networks, hosts, by):
    c = client("host", "a")
    c.ask("claim " + db.get("Port", "acme/shop/s/p", by).strip('"'))
    wait_for(lambda: c.names("port") == ["acme/shop/s/p"])
    assert c.names("network") == []
    c.ask("follow " + networks["acme/shop"])
    c.ask("has " + networks["acme/shop"])
    assert c.names("port") == ["acme/shop/s/p"]


def test_a_claim_waits_for_its_port(db, client, networks, hosts):
    c = client("host", "a")
    c.ask("claim acme/shop/s/later")
    assert c.names("port") == []
    db.create("Port", name="acme/shop/s/later", network=networks["acme/shop"],
              switch=db.uuid("Switch", "acme/shop/s"))
    wait_for(lambda: c.names("port") == ["acme/shop/s/later"])
    c.ask("unclaim acme/shop/s/later")
    wait_for(lambda: c.names("port") == [])


def test_hostile_claims_find_nothing(db, client, networks, hosts):
    c = client("host", "a")
    for claim in ("x" * 5000, "acme/shop/s/p ", "'", '"', "%s", "[]", "é"):
        c.ask("claim " + claim)
    assert c.names("port") == []


def test_a_host_sees_what_it_has_written(db, client, networks, hosts):
    db.create("Binding", port=db.uuid("Port", "evil/net/s/p"), network=networks["evil/net"],
              host=hosts["a"], location=1 << 24 | 1 << 12 | 4)
    c = client("host", "a")
    wait_for(lambda: len(c.names("binding")) == 1)
    assert client("host", "b").names("binding") == []


def test_a_host_that_is_not_there_yet(db, client, hosts):
    c = client("host", "late")
    assert c.ask("dump") and c.ask("status") == ["connected=1 complete=1 self=0"]
    db.create("Host", name="late", id=9, cloud=db.uuid("Cloud", "c2"))
    wait_for(lambda: c.names("host") == ["far", "late"])


def test_conditions_survive_a_reconnection(db, client, networks, hosts):
    c = client("host", "a")
    c.ask("follow " + networks["acme/shop"])
    c.ask("has " + networks["acme/shop"])
    db.stop()
    db.start()
    db.create("Port", name="acme/shop/s/q", network=networks["acme/shop"],
              switch=db.uuid("Switch", "acme/shop/s"))
    wait_for(lambda: c.names("port") == ["acme/shop/s/p", "acme/shop/s/q"])
    c.ask("follow " + networks["evil/net"])
    c.ask("has " + networks["evil/net"])
    assert len(c.names("network")) == 2


def test_following_through_a_relay(db, client, networks, hosts, tmp_path):
    socket = tmp_path / "relay.sock"
    relay = subprocess.Popen(["ovsdb-server", f"--remote=punix:{socket}", "-vconsole:off",
                              f"--unixctl={tmp_path}/relay.ctl", f"relay:NetHV:{db.remote}"])
    try:
        wait_for(socket.exists)
        c = client("host", "a", remote=f"unix:{socket}")
        c.ask("follow " + networks["acme/shop"])
        c.ask("has " + networks["acme/shop"])
        assert c.names("port") == ["acme/shop/s/p"]
        c.ask(f"follower {networks['acme/shop']} 5")
        assert db.get("Follower", ".", "intent") == "5"
        assert len(c.names("follower")) == 1
    finally:
        relay.kill()
        relay.wait()


def test_transactions(db, client, networks, hosts):
    c = client("host", "a")
    c.ask(f"follower {networks['acme/shop']} 1")
    assert c.ask("results") == ["committed=1 failed=0 error="]
    # A negative intent breaks a constraint.
    c.ask(f"follower {networks['acme/shop']} -1")
    result, = c.ask("results")
    assert result.startswith("committed=1 failed=1 error=") and "constraint" in result
    c.ask("dump")


def test_a_lock_has_one_holder(db, client, networks, hosts):
    first, second = client("host", "a"), client("host", "b")
    first.ask("lock x")
    first.ask(f"follower {networks['acme/shop']} 1")
    # The second waits for the lock, and writes nothing before it has it.
    second.tell("lock x")
    second.tell(f"follower {networks['acme/shop']} 2")
    first.ask(f"follower {networks['acme/shop']} 3")
    assert "2" not in db.ctl("--bare", "--columns=intent", "list", "Follower")[0].split()
    first.stop()
    second.ask()
    second.ask()
    assert "2" in db.ctl("--bare", "--columns=intent", "list", "Follower")[0].split()
