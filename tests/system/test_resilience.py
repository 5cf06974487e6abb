# SPDX-License-Identifier: Apache-2.0
"""What dies must not be felt: processes are killed under traffic, restarted,
and must take up what has changed meanwhile."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from daemons import in_charge, status_of
from nethvlab import nethv, scenario
from reach import ping
from traffic import FlowWatch, Stream
from trees import follows_plan, wait_at_rest
from wires import limit, wait_until

TAKE_UP = limit(5, 15)      # Seconds until new intent must work.
BACK = limit(1, 5)          # Seconds until a switch must forward again,
LEARNED_BACK = limit(3, 15)     # and if its gateway must first hear from others.
LEARNED = "table=12"

PLACES = {"web": "aws1-vm1", "app": "aws1-vm2", "mid": "az1-gw",
          "db": "gcp1-vm1"}


def mac(number):
    return f"02:00:00:00:00:{number:02x}"


def ip(number):
    return f"192.168.1.{number}"


NUMBERS = {name: number for number, name in enumerate(PLACES, 1)}
IPS = {name: ip(number) for name, number in NUMBERS.items()}


def document(numbers, tenant="acme"):
    return {"nethv": 1, "tenant": tenant, "networks": [
        {"name": "shop", "switches": [{"name": "s1", "ports": [
            {"name": name, "mac": mac(number), "ips": [f"{ip(number)}/24"]}
            for name, number in numbers.items()]}]}]}


SCENARIO = {
    **scenario.load("three-clouds").document,
    "networks": [document(NUMBERS)],
    "endpoints": [{"name": name, "host": host, "port": f"acme/shop/s1/{name}"}
                  for name, host in PLACES.items()]}

# Inside a cloud, and through each of its gateways to another.
WAYS = (("web", "app"), ("web", "db"), ("mid", "db"))

# Not on these ways.  When an interface is made or removed on a host with the
# userspace datapath, Open vSwitch reads all routes anew, and may lose a packet
# that needs one at that moment: with nethv or without.
ASIDE = ("az1-vm1", "az1-vm2", "gcp1-vm2")


# What is there.

def table(lab, name, columns):
    text = nethv.ctl(lab, "--format=json", f"--columns={','.join(columns)}",
                     "list", name)
    return [dict(zip(columns, row)) for row in json.loads(text)["data"]]


def binding(lab, port):
    """The binding of 'port', or None."""
    uuids = {row["name"]: row["_uuid"]
             for row in table(lab, "Port", ["_uuid", "name"])}
    rows = table(lab, "Binding", ["port", "host", "location",
                                  "mac_locations"])
    found = [row for row in rows if row["port"] == uuids[port]]
    assert len(found) <= 1
    return found[0] if found else None


def claims(lab, port):
    """The status of each claim of 'port', by host."""
    hosts = {str(row["_uuid"]): row["name"]
             for row in table(lab, "Host", ["_uuid", "name"])}
    return {hosts[str(row["host"])]: row["status"]
            for row in table(lab, "Claim", ["host", "iface_id", "status"])
            if row["iface_id"] == port}


def wait_in_charge(lab, host):
    wait_until(lambda: in_charge(lab, host), 10,
               f"the agent of {host} is in charge")


def confirmed(lab):
    """Whether all hosts know each other's numbers."""
    intents = {str(row["_uuid"]): row["sequence"] for row
               in table(lab, "Network", ["_uuid", "sequence"])}
    changes = {str(row["network"]): sum(n for _, n in row["changes"][1])
               for row in table(lab, "Network_State", ["network", "changes"])}
    return all((row["intent"], row["sequence"])
               == (intents[str(row["network"])], changes[str(row["network"])])
               for row in table(lab, "Follower", ["network", "intent",
                                                  "sequence"]))


def wait_confirmed(lab):
    wait_until(lambda: confirmed(lab), 10, "all hosts know all numbers")


def global_controller(lab):
    return table(lab, "Global", ["controller"])[0]["controller"]


# What is done.

def kill(lab, process, host, signal="KILL"):
    lab.kill(process, host, signal)
    wait_until(lambda: lab.pid(process, host) is None, 5,
               f"{process} of {host} is gone")


def apply(lab, content, *options):
    gateway = nethv.first_gateway(lab).name
    path = "/var/lib/nethv/test-document.json"
    Path(lab.node(gateway).path(path)).write_text(json.dumps(content),
                                                  encoding="utf-8")
    nethv.ctl(lab, *options, "apply", path)


def attach(lab, host, port):
    name = port.rpartition("/")[2]
    lab.run(host, ["ip", "netns", "add", name])
    lab.run(host, ["nethv-agent", "attach", port, "--netns", name, "--ip"])


def detach(lab, host, port):
    lab.run(host, ["nethv-agent", "detach", port])
    lab.run(host, ["ip", "netns", "delete", port.rpartition("/")[2]])


@contextmanager
def plugged(lab, host, port, number):
    """While 'port' is claimed on 'host' by hand, whoever else has it, with an
    endpoint as port 'number' in a network namespace 'second'."""
    name = "second"
    lab.run(host, ["sh", "-ec", f"""
        ip netns add {name}
        ovs-vsctl add-port br-int {name} -- set Interface {name} \
            type=internal mac='"{mac(number)}"' external_ids:iface-id={port}
        ip link set {name} netns {name} mtu 1300
        ip -n {name} address add {ip(number)}/24 dev {name}
        ip -n {name} link set {name} up"""])
    try:
        yield
    finally:
        lab.run(host, ["ovs-vsctl", "del-port", name])
        lab.run(host, ["ip", "netns", "delete", name])


def answers(lab, place, target):
    return bool(ping(lab, place, target, "-c", "1", "-W", "0.3")[0])


def wait_answer(lab, place, target, what):
    wait_until(lambda: answers(lab, place, target), TAKE_UP, what)


@pytest.fixture(autouse=True)
def revive(lab):
    """Starts again what a test has left dead."""
    yield
    for host in lab.scenario.hosts:
        dead = [process for process in lab.processes(host.name)
                if lab.pid(process, host.name) is None]
        for process in dead:
            lab.start(process, host.name)
    for host in lab.scenario.hosts:
        wait_in_charge(lab, host.name)


@pytest.fixture(autouse=True, scope="module")
def begun(lab):
    """While clouds join, plan follows plan."""
    wait_at_rest(lab)


@pytest.fixture(name="traffic")
def traffic_fixture(lab):
    """The streams of WAYS, running."""
    wait_until(lambda: follows_plan(lab), 20, "the tree is the plan's")
    with ExitStack() as stack:
        streams = [stack.enter_context(Stream(lab, source, IPS[target]))
                   for source, target in WAYS]
        for stream in streams:
            stream.go_on()
        yield streams


def check_no_loss(traffic):
    for stream in traffic:
        stream.go_on()
    assert {s.name: s.lost() for s in traffic if s.lost()} == {}


class Intent:
    """The intent beside the first: one more port, a new one each time, on
    whatever host.  Endpoints of the former ones stay where they were."""

    def __init__(self, lab):
        self.lab = lab
        self.number = len(PLACES)
        self.host = None                # Of the one that is attached.

    def port(self):
        return f"p{self.number}"

    def change(self):
        """Removes the port that there is and adds another."""
        self.number += 1
        apply(self.lab, document({**NUMBERS, self.port(): self.number}))

    def attach(self, host):
        attach(self.lab, host, f"acme/shop/s1/{self.port()}")
        old, self.host = self.host, host
        wait_answer(self.lab, "web", ip(self.number), "the new port answers")
        if old:
            wait_until(lambda: not answers(self.lab, "web",
                                           ip(self.number - 1)), TAKE_UP,
                       "the removed port is silent")


@pytest.fixture(name="intent", scope="module")
def intent_fixture(lab):
    intent = Intent(lab)
    intent.change()
    intent.attach("aws1-vm2")
    return intent


# The tests.

@pytest.mark.parametrize("process, host, attach_to", [
    ("agent", "aws1-vm1", "aws1-vm1"),
    ("agent", "az1-gw", "az1-gw"),
    ("gateway", "az1-gw", "az1-vm1"),
    ("gateway", "aws1-gw", "gcp1-vm2"),
    ("relay", "az1-gw", "az1-vm2"),
    ("relay", "aws1-gw", "aws1-vm2"),
    ("database", "aws1-gw", "gcp1-vm2"),
])
def test_kill_loses_no_packet(lab, traffic, intent, record_property, process,
                              host, attach_to):
    kill(lab, process, host)
    for stream in traffic:
        stream.go_on()
    if process != "database":
        intent.change()
    lab.start(process, host)
    began = time.monotonic()
    if process == "database":
        wait_until(lambda: nethv.ctl(lab, "list", "Global"), TAKE_UP,
                   "the database answers")
        intent.change()
    check_no_loss(traffic)
    intent.attach(attach_to)
    took = time.monotonic() - began
    record_property("seconds to take up new intent", round(took, 2))
    assert took < TAKE_UP
    if attach_to in ASIDE:
        check_no_loss(traffic)


def has_learned(lab, host):
    return "cookie" in lab.run(host, ["ovs-ofctl", "dump-flows", "br-int",
                                      LEARNED]).stdout


def teach(lab, wire, host):
    """Makes 'host' learn where a MAC that the model does not know is."""
    target = bytes.fromhex("ffffffffffff")
    source = bytes.fromhex("0600000000aa")
    frame = target + source + b"\x88\xb5" + b"taught".ljust(60, b"\0")
    speaker = wire("db")

    def taught():
        speaker.send(frame)
        return has_learned(lab, host)
    wait_until(taught, 5, f"{host} has learned an address")


@pytest.mark.parametrize("host", ["aws1-vm1", "az1-gw"])
@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_restart_of_agent_changes_no_flow(lab, traffic, wire, host, signal):
    teach(lab, wire, host)
    with FlowWatch(lab, host) as watch:
        kill(lab, "agent", host, signal)
        lab.start("agent", host)
        wait_in_charge(lab, host)
        assert "\n".join(watch.events()) == ""
    assert has_learned(lab, host)
    assert status_of(lab, "agent", host)["switch"]["flow_mods"] == 0
    check_no_loss(traffic)


def test_restart_of_agent_without_gateway_process(lab, traffic, wire, intent):
    """The agent has kept what was handed over, and works with that."""
    teach(lab, wire, "az1-gw")
    with FlowWatch(lab, "az1-gw") as watch:
        kill(lab, "gateway", "az1-gw")
        kill(lab, "agent", "az1-gw")
        lab.start("agent", "az1-gw")
        wait_in_charge(lab, "az1-gw")
        assert "\n".join(watch.events()) == ""
        assert has_learned(lab, "az1-gw")
    intent.change()
    intent.attach("az1-vm2")
    wait_confirmed(lab)
    with FlowWatch(lab, "az1-gw") as watch:
        lab.start("gateway", "az1-gw")
        wait_until(lambda: status_of(lab, "gateway",
                                     "az1-gw").get("handover"), 5,
                   "the gateway process is back")
        assert "\n".join(watch.events()) == ""
    check_no_loss(traffic)


def forwarding_back(traffic, moment):
    """Seconds from 'moment' until all of 'traffic' passed again."""
    wait_until(lambda: all(s.first_since(moment) for s in traffic), 15,
               "traffic passes again")
    return max(s.first_since(moment) for s in traffic) - moment


@pytest.mark.parametrize("host, dead, back", [
    ("aws1-vm1", [], []),
    ("az1-gw", [], []),
    ("aws1-vm1", ["database"], []),
    ("az1-gw", ["relay"], []),
    ("aws1-vm1", ["agent"], ["agent"]),
    ("az1-gw", ["agent"], ["agent"]),
    ("az1-gw", ["gateway", "agent"], ["gateway", "agent"]),
])
def test_switch_is_filled_again(lab, traffic, record_property, host, dead,
                                back):
    """After ovs-vswitchd has died, and 'dead' with it, of which only 'back'
    come back.  Without who serves it the agent still has its model."""
    gateway = f"{host.partition('-')[0]}-gw"
    for process in dead:
        kill(lab, process, host if process in back else gateway)
    kill(lab, "ovs-vswitchd", host)
    moment = time.time()
    lab.start("ovs-vswitchd", host)
    for process in back:
        lab.start(process, host)
    took = forwarding_back(traffic, moment)
    record_property("seconds to forward again", round(took, 2))
    assert took < (LEARNED_BACK if "gateway" in dead else BACK)


def test_second_claim_waits_for_the_first(lab, traffic, wire):
    port = "acme/shop/s1/app"
    mine = bytes.fromhex(mac(NUMBERS["app"]).replace(":", ""))
    with plugged(lab, "gcp1-vm2", port, NUMBERS["app"]):
        wait_until(lambda: claims(lab, port) == {"aws1-vm2": "bound",
                                                 "gcp1-vm2": "conflict"}, 5,
                   "the second claim is in conflict")
        assert ("gcp1-vm2 in vain: another host has the port"
                in nethv.ctl(lab, "show", "acme"))
        assert (f"host gcp1-vm2 claims {port} in vain"
                in nethv.ctl(lab, "status"))

        # Nothing goes to it, nothing comes from it.
        second = wire("gcp1-vm2/second", "second")
        assert not second.receive(lambda frame: frame[:6] == mine,
                                  timeout=0.3)
        assert not answers(lab, "gcp1-vm2/second", IPS["db"])
        check_no_loss(traffic)

        detach(lab, "aws1-vm2", port)
        wait_answer(lab, "web", IPS["app"], "the second endpoint answers")
        assert claims(lab, port) == {"gcp1-vm2": "bound"}
        assert second.receive(lambda frame: frame[:6] == mine)
    attach(lab, "aws1-vm2", port)
    wait_answer(lab, "web", IPS["app"], "the first is back")


def test_simultaneous_claims(lab, intent):
    """Of two hosts at the same time one gets the port."""
    intent.change()
    port = f"acme/shop/s1/p{intent.number}"
    with ExitStack() as stack:
        places = {host: stack.enter_context(ExitStack())
                  for host in ("az1-vm1", "gcp1-vm2")}
        for host, plug in places.items():
            plug.enter_context(plugged(lab, host, port, intent.number))
        wait_until(lambda: sorted(claims(lab, port).values())
                   == ["bound", "conflict"], 5, "one bound, one in conflict")
        winner = min(places, key=claims(lab, port).get)
        loser = max(places, key=claims(lab, port).get)
        wait_answer(lab, "web", ip(intent.number), "the winner answers")
        places[winner].close()
        wait_until(lambda: claims(lab, port) == {loser: "bound"}, 5,
                   "the loser takes over")
        wait_answer(lab, "web", ip(intent.number), "the loser answers")


def locations(row):
    return {row["location"], *(value for _, value in row["mac_locations"][1])}


def test_numbers_rest_and_stay(lab):
    port = "acme/shop/s1/app"
    first = locations(binding(lab, port))
    detach(lab, "aws1-vm2", port)
    wait_until(lambda: binding(lab, port) is None, 5, "the binding is gone")
    attach(lab, "aws1-vm2", port)
    row = binding(lab, port)
    assert not locations(row) & first

    kill(lab, "agent", "aws1-vm2")
    lab.start("agent", "aws1-vm2")
    wait_in_charge(lab, "aws1-vm2")
    assert binding(lab, port) == row


def test_another_gateway_becomes_global_controller(lab, traffic):
    holder = global_controller(lab)
    kill(lab, "gateway", holder)
    successor = wait_until(
        lambda: global_controller(lab) != holder and global_controller(lab),
        TAKE_UP, "another gateway controls")
    apply(lab, document({"one": 1, "two": 2}, "newcomer"))
    attach(lab, "az1-vm1", "newcomer/shop/s1/one")
    attach(lab, "gcp1-vm2", "newcomer/shop/s1/two")
    wait_answer(lab, "az1-vm1/one", ip(2), "the new tenant's ports answer")
    lab.start("gateway", holder)
    wait_until(lambda: lab.pid("gateway", holder), 5, "the gateway is back")
    tags = [row["tag"] for row in table(lab, "Tenant_State", ["tag"])]
    assert len(set(tags)) == len(tags) == 2
    assert global_controller(lab) == successor
    check_no_loss(traffic)


def follows(lab, host, network):
    """Whether 'host' has said how far it is with 'network'."""
    uuids = {row["name"]: row["_uuid"] for name in ("Host", "Network")
             for row in table(lab, name, ["_uuid", "name"])}
    return any((row["host"], row["network"]) == (uuids[host], uuids[network])
               for row in table(lab, "Follower", ["host", "network"]))


def test_who_cannot_read_the_frames_waits(lab):
    """As long as others send in a version of the wire format that a host does
    not read, nothing is sent to its new ports, for it would be lost."""
    port, host = "older/shop/s1/one", "az1-vm2"
    apply(lab, document({"one": 1}, "older"), "--wait=hosts")
    gateways = [one.name for one in lab.scenario.gateways()]
    for gateway in gateways:
        kill(lab, "gateway", gateway)
    nethv.ctl(lab, "set", "Global", ".", "wire=2")
    with plugged(lab, host, port, 1):
        wait_until(lambda: follows(lab, host, "older/shop"), 10,
                   f"{host} could have a port of the network")
        assert binding(lab, port) is None
        for gateway in gateways:
            lab.start("gateway", gateway)
        wait_until(lambda: binding(lab, port), 10,
                   "the global controller knows of the host")
    assert nethv.ctl(lab, "get", "Global", ".", "wire").strip() == "1"


def test_tunnels_tell_their_state(lab):
    def up():
        status = json.loads(nethv.ctl(lab, "--format=json", "status"))
        return status["tunnels_up"], status["tunnels"]

    wait_until(lambda: up() == (3, 3), 5, "all tunnels are up")
    lab.cut("az1", "gcp1")      # The database is in aws1.
    try:
        wait_until(lambda: "geneve down (az1-gw"
                   in nethv.ctl(lab, "tree-show"), 5, "the cut one is down")
        assert up() == (2, 3)
    finally:
        lab.heal("az1", "gcp1")
    wait_until(lambda: up() == (3, 3), 10, "the tunnel is up again")
    assert "down" not in nethv.ctl(lab, "tree-show")
