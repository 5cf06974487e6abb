# SPDX-License-Identifier: Apache-2.0
"""Hosts and gateways of two versions, process after process replaced under
traffic: no packet is lost, none comes twice, and new intent works in between.

The other version are the programs in tests/next: they read all formats of this
one and newer ones, which they use as soon as they may.  With NETHV_TEST_LONG=1 in
many more orders, back and forth."""

from __future__ import annotations

import json
import random
import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from daemons import in_charge, status_of
from nethvlab import LabError, nethv, scenario
from reach import ping
from traffic import Stream
from trees import follows_plan, wait_at_rest
from wires import LONG, Wire, tunnelled, wait_until

INTERVAL = 0.005
NOT_HERE = ("az1-vm2", "gcp1-vm2")
PLACES = {"web": "aws1-vm1", "app": "aws1-vm2", "mid": "az1-vm1",
          "db": "gcp1-vm1", "any": "gcp1-vm1"}
NO_MAC = "any"          # Its frames travel whole.
# Inside a cloud, and between all clouds.
WAYS = (("web", "app"), ("web", "mid"), ("mid", "db"), ("db", "web"),
        ("app", "any"))
NUMBERS = {name: number for number, name in enumerate(PLACES, 1)}
# Ports that come and go are here, and their interfaces are there from the
# beginning: with the userspace datapath, making one may itself lose a packet.
SPARE_HOST, SPARES = "az1-gw", 3
SCHEMA = Path(__file__).parents[2] / "lib/nethv.ovsschema"
DATABASE = "unix:/run/nethv/nethv-db.sock"


def mac(number):
    return f"02:00:00:00:00:{number:02x}"


def ip(number):
    return f"192.168.1.{number}"


def document(spares):
    """The network with the ports of the endpoints, and of some spares."""
    numbers = {**NUMBERS, **{f"spare{n}": len(PLACES) + n for n in spares}}
    return {"nethv": 1, "tenant": "acme", "networks": [
        {"name": "shop", "switches": [{"name": "s1", "ports": [
            {"name": name, "ips": [f"{ip(number)}/24"],
             **({} if name == NO_MAC else {"mac": mac(number)})}
            for name, number in numbers.items()]}]}]}


def smaller():
    """three-clouds without hosts that nobody needs."""
    base = scenario.load("three-clouds").document
    return {**base, "name": "upgrade", "clouds": [
        {**cloud, "hosts": [host for host in cloud["hosts"]
                            if host["name"] not in NOT_HERE]}
        for cloud in base["clouds"]]}


SCENARIO = {
    **smaller(), "networks": [document([])],
    "endpoints": [{"name": name, "host": host, "port": f"acme/shop/s1/{name}"}
                  for name, host in PLACES.items()]}


# What is there.

def gateway_works(lab, host):
    status = status_of(lab, "gateway", host)
    return status.get("handover") and status["repair"].get("ready")


def schema_version(lab):
    try:
        return lab.run(nethv.first_gateway(lab).name, [
            "ovsdb-client", "get-schema-version", DATABASE, "NetHV"]
        ).stdout.strip()
    except LabError:
        return None


WORKS = {"agent": in_charge, "gateway": gateway_works,
         "database": lambda lab, _: schema_version(lab),
         "relay": lambda lab, host: lab.pid("relay", host)}


def wire_version(lab):
    """The version of the wire format that all hosts read."""
    return int(nethv.ctl(lab, "get", "Global", ".", "wire"))


def zones(lab):
    """What is in the column that only the next version's schema has."""
    return nethv.ctl(lab, "--bare", "--columns=zone", "list",
                     "Host_State").split()


def is_tenants(frame):
    return frame and not frame.control and frame.tag


def seen(wire, wanted):
    """Whether a frame of a tunnel for which 'wanted' is true passes soon."""
    return bool(wire.receive(lambda data: wanted(tunnelled(data))))


def rewritten_version(frame):
    return ((frame.location & 3) + 1
            if is_tenants(frame) and not frame.whole else None)


def whole_version(frame):
    return ((frame.location & 3) + 1
            if is_tenants(frame) and frame.whole else None)


def control_version(frame):
    """That of an unpacked control frame: see lib/control-frame.h."""
    return (frame.inner[14] if frame and frame.control
            and frame.inner[12:14] == b"\x88\xb5" else None)


# What programs say of each other if they do not understand.
COMPLAINT = re.compile("control frame is dropped: (version|malformed)|"
                       "link state|handover refused|refused the handover|"
                       "is no handover|refuses a transaction")


def complaints(lab, process, host):
    text = lab.run(host, ["cat", f"/var/log/nethv/nethv-{process}.log"]).stdout
    return [f"{host}: {line}" for line in text.splitlines()
            if COMPLAINT.search(line)]


def all_complaints(lab):
    return [line for process, host in units(lab)
            if process in ("agent", "gateway")
            for line in complaints(lab, process, host)]


# What is done.

@pytest.fixture(name="next_programs", scope="module")
def next_fixture(bindir):
    directory = Path(bindir or "/nonexistent") / "tests/next"
    if not (directory / "nethv-ctl").exists():
        pytest.skip("the next version's programs are not there: make check "
                    "TESTS=")
    return str(directory)


@pytest.fixture(autouse=True, scope="module")
def begun(lab):
    """While clouds join, plan follows plan.  Then the spare endpoints."""
    wait_at_rest(lab)
    for n in range(1, SPARES + 1):
        number, name = len(PLACES) + n, f"spare{n}"
        lab.run(SPARE_HOST, ["sh", "-ec", f"""
            ip netns add {name}
            ovs-vsctl add-port br-int {name} -- set Interface {name} \
                type=internal mac='"{mac(number)}"' \
                external_ids:iface-id=acme/shop/s1/{name}
            ip link set {name} netns {name} mtu 1300
            ip -n {name} address add {ip(number)}/24 dev {name}
            ip -n {name} link set {name} up"""])


@pytest.fixture(name="traffic")
def traffic_fixture(lab):
    """The streams of WAYS, running."""
    wait_until(lambda: follows_plan(lab), 20, "the tree is the plan's")
    with ExitStack() as stack:
        streams = [stack.enter_context(Stream(lab, source, ip(NUMBERS[target]),
                                              INTERVAL))
                   for source, target in WAYS]
        for stream in streams:
            stream.go_on()
        yield streams


def replace(lab, process, host, programs):
    """Ends 'process' of 'host', as the installation of a package does, and
    starts that of 'programs'."""
    lab.use_programs(host, programs)
    lab.kill(process, host)
    wait_until(lambda: lab.pid(process, host) is None, 10,
               f"{process} of {host} is gone")
    lab.start(process, host)
    wait_until(lambda: WORKS[process](lab, host), 20,
               f"{process} of {host} works again")


def check_no_loss(traffic, what):
    wanted = [(stream, len(stream.replies) + 30) for stream in traffic]
    wait_until(lambda: all(len(stream.replies) >= n for stream, n in wanted),
               10, f"packets pass, after {what}")
    lost = {s.name: s.lost() for s in traffic if s.lost()}
    twice = {s.name: s.twice for s in traffic if s.twice}
    assert (lost, twice) == ({}, {}), f"lost, twice, after {what}"


def check_intent(lab, spares):
    """Makes 'spares' the ones that there are."""
    gateway = nethv.first_gateway(lab).name
    path = "/var/lib/nethv/test-document.json"
    Path(lab.node(gateway).path(path)).write_text(
        json.dumps(document(spares)), encoding="utf-8")
    nethv.ctl(lab, "apply", path)
    for n in range(1, SPARES + 1):
        address = ip(len(PLACES) + n)
        wait_until(lambda to=address, there=n in spares: there == bool(
            ping(lab, "web", to, "-c", "1", "-W", "0.3")[0]), 10,
                   f"{address} {'answers' if n in spares else 'is silent'}")


def units(lab):
    """All of nethv's processes, but for the database: (process, host)."""
    return [(process, host.name) for host in lab.scenario.hosts
            for process in nethv.processes_of(lab, host)
            if process != "database"]


def order_of(lab, kind, seed, when):
    """All processes, shuffled by 'seed', or those of gateways or of other hosts
    first; the database at the 'start', in the 'middle' or at the 'end'."""
    order = units(lab)
    random.Random(seed).shuffle(order)
    gateways = {host.name for host in lab.scenario.gateways()}
    if kind != "mixed":
        order.sort(key=lambda unit: (unit[1] in gateways)
                   != (kind == "gateways"))
    place = {"start": 0, "middle": len(order) // 2, "end": len(order)}[when]
    order.insert(place, ("database", nethv.first_gateway(lab).name))
    return order


def agents_left(order):
    return sum(process == "agent" for process, _ in order)


def replace_all(lab, traffic, order, programs):
    """Replaces all processes in 'order', and new intent in between."""
    gateways = {host.name for host in lab.scenario.gateways()}
    for i, (process, host) in enumerate(order):
        replace(lab, process, host, programs)
        check_no_loss(traffic, f"{i + 1} of {order}")
        if process == "agent" and host in gateways and LONG:
            wait_heard(lab, host)
        if agents_left(order[i + 1:]) == 1 and programs:
            assert wire_version(lab) == 1
        if i % (len(order) // SPARES) == 0:
            check_intent(lab, [1 + i // (len(order) // SPARES) % SPARES])
            check_no_loss(traffic, f"{i + 1} of {order}, and new intent")


def wait_heard(lab, gateway):
    """Waits until the hosts of its cloud hear 'gateway', and it them."""
    def good(host):
        return json.loads(lab.run(host, [
            "ovs-appctl", "-t", "/run/nethv/nethv-agent.ctl", "hello/show"
        ]).stdout)["frames"]["good"]

    cloud = lab.scenario.host(gateway).cloud
    before = {host.name: good(host.name) for host in lab.scenario.hosts
              if host.cloud == cloud}
    wait_until(lambda: all(good(name) >= n + 2
                           for name, n in before.items()), 10,
               f"{gateway} and its hosts hear each other")


def wait_versions(lab, wire_wanted, control_wanted=2):
    """Waits until frames are in these versions of their formats."""
    wait_until(lambda: wire_version(lab) == wire_wanted, 15,
               f"all hosts read version {wire_wanted} of the wire format")
    with Wire(lab, "aws1-gw", "eth0") as wire:
        for what, wanted in ((rewritten_version, wire_wanted),
                             (whole_version, wire_wanted),
                             (control_version, control_wanted)):
            wait_until(lambda get=what, want=wanted: seen(
                wire, lambda frame: get(frame) == want), 10,
                       f"{what.__name__} is {wanted}")


def convert_back(lab):
    """Takes from the database what only the next version's schema has."""
    host = nethv.first_gateway(lab).name
    lab.kill("database", host)
    wait_until(lambda: lab.pid("database", host) is None, 10,
               "the database is gone")
    lab.run(host, ["ovsdb-tool", "convert", "/var/lib/nethv/nethv.db",
                   str(SCHEMA)])
    lab.start("database", host)
    wait_until(lambda: schema_version(lab), 10, "the database is back")


def sent(traffic):
    return sum(max(stream.replies) for stream in traffic)


# The tests.

def test_a_build_that_refuses_this_one_is_noticed(lab, traffic, next_programs):
    """This test can fail: here packets must be lost."""
    check_no_loss(traffic, "nothing")
    ends = [(stream, "app" in way) for stream, way in zip(traffic, WAYS)]
    others = [stream for stream, of_host in ends if not of_host]
    replace(lab, "agent", PLACES["app"], f"{next_programs}/../refusing")
    for stream in others:
        stream.go_on(100)
    replace(lab, "agent", PLACES["app"], None)
    check_no_loss(others, "the restart of an agent that others do not need")
    for stream, of_host in ends:
        stream.go_on()
        assert not of_host or stream.lost()


ORDERS = [("mixed", 1, "middle")]
if LONG:
    ORDERS += [("gateways", 2, "start"), ("hosts", 3, "end"),
               ("gateways", 4, "end"), ("hosts", 5, "start"),
               *(("mixed", seed, when) for seed, when
                 in enumerate(("start", "middle", "end") * 2, 6))]


@pytest.mark.parametrize("kind, seed, when", ORDERS)
def test_upgrade(lab, traffic, next_programs, record_property, kind, seed,
                 when):
    order = order_of(lab, kind, seed, when)
    before, said = schema_version(lab), all_complaints(lab)
    replace_all(lab, traffic, order, next_programs)
    assert schema_version(lab) > before
    wait_versions(lab, 2)
    wait_until(lambda: set(zones(lab)) == {"next"}, 15,
               "all hosts write the new column")
    check_no_loss(traffic, "all, and the new versions are used")
    assert all_complaints(lab) == said
    record_property("packets there and back", sent(traffic))
    record_property("processes replaced", len(order))
    if LONG:
        nethv.ctl(lab, "set", "Global", ".", "options:wire=1")
        wait_versions(lab, 1)
        replace_all(lab, traffic, order[::-1], None)
        nethv.ctl(lab, "remove", "Global", ".", "options", "wire")
        convert_back(lab)
        assert schema_version(lab) == before
        check_no_loss(traffic, "all, and back again")
        record_property("packets with the way back", sent(traffic))
