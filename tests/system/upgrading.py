# SPDX-License-Identifier: Apache-2.0
"""Process after process replaced under traffic by that of another version.

The other version are the programs in tests/next: they read all formats of this
one and newer ones, which they use as soon as they may."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from daemons import in_charge, status_of
from nethvlab import LabError, nethv
from reach import ping
from trees import wait_at_rest
from wires import LONG, Wire, tunnelled, wait_until

SCHEMA = Path(__file__).parents[2] / "lib/nethv.ovsschema"
WHOLE_HEADER = 30               # Bytes: see lib/whole.h.
DATABASE = "unix:/run/nethv/nethv-db.sock"


def _mac(number):
    return f"02:00:00:00:00:{number:02x}"


def patience(lab):
    """Virtual machines without acceleration take their time."""
    return 4 if lab.state.options["vms"] else 1


class Shop:
    """A network with one switch, and endpoints at 'places' (the host of each),
    of which 'unknown' have no MAC address in the document, so that their frames
    travel whole.  'prober' looks who answers.

    Ports come and go too: the spare ones, on 'spare_host'.  Their interfaces
    are there from the beginning: with the userspace datapath, making one may
    itself lose a packet."""

    SPARES = 3

    def __init__(self, places, unknown, prober, spare_host):
        self.places, self.unknown = places, unknown
        self.prober, self.spare_host = prober, spare_host
        self.numbers = {name: n for n, name in enumerate(places, 1)}

    def ip(self, name):
        return f"192.168.1.{self.numbers[name]}"

    def mac(self, name):
        return _mac(self.numbers[name])

    def _with_spares(self, spares):
        return {**self.numbers,
                **{f"spare{n}": len(self.places) + n for n in spares}}

    def document(self, spares):
        """The network with the ports of the endpoints, and of some spares."""
        return {"nethv": 1, "tenant": "acme", "networks": [
            {"name": "shop", "switches": [{"name": "s1", "ports": [
                {"name": name, "ips": [f"192.168.1.{number}/24"],
                 **({} if name in self.unknown else {"mac": _mac(number)})}
                for name, number in self._with_spares(spares).items()]}]}]}

    def scenario(self, base):
        """The scenario 'base' with it."""
        return {**base, "networks": [self.document([])],
                "endpoints": [{"name": name, "host": host,
                               "port": f"acme/shop/s1/{name}"}
                              for name, host in self.places.items()]}

    def begin(self, lab):
        """While clouds join, plan follows plan.  Then the spare endpoints."""
        wait_at_rest(lab, 30 * patience(lab))
        every = self._with_spares(range(1, self.SPARES + 1))
        for name in every.keys() - self.numbers.keys():
            lab.run(self.spare_host, ["sh", "-ec", f"""
                ip netns add {name}
                ovs-vsctl add-port br-int {name} -- set Interface {name} \
                    type=internal mac='"{_mac(every[name])}"' \
                    external_ids:iface-id=acme/shop/s1/{name}
                ip link set {name} netns {name} mtu 1300
                ip -n {name} address add 192.168.1.{every[name]}/24 dev {name}
                ip -n {name} link set {name} up"""])

    def check_intent(self, lab, spares):
        """Makes 'spares' the ones that there are."""
        gateway = nethv.first_gateway(lab).name
        path = "/var/lib/nethv/test-document.json"
        Path(lab.node(gateway).path(path)).write_text(
            json.dumps(self.document(spares)), encoding="utf-8")
        nethv.ctl(lab, "apply", path)
        for n in range(1, self.SPARES + 1):
            address = f"192.168.1.{len(self.places) + n}"
            wait_until(lambda to=address, there=n in spares: there == bool(
                ping(lab, self.prober, to, "-c", "1", "-W", "0.3")[0]),
                10 * patience(lab),
                f"{address} {'answers' if n in spares else 'is silent'}")


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
    """That of a control frame: see lib/control-frame.h."""
    if not frame or not frame.control:
        return None
    packed = frame.inner[WHOLE_HEADER:] if frame.whole else frame.inner
    return packed[14] if packed[12:14] == b"\x88\xb5" else None


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


def replace(lab, process, host, programs):
    """Ends 'process' of 'host', as the installation of a package does, and
    starts that of 'programs'."""
    lab.use_programs(host, programs)
    lab.kill(process, host)
    wait_until(lambda: lab.pid(process, host) is None, 10 * patience(lab),
               f"{process} of {host} is gone")
    lab.start(process, host)
    wait_until(lambda: WORKS[process](lab, host), 20 * patience(lab),
               f"{process} of {host} works again")


def check_no_loss(traffic, what):
    wanted = [(stream, len(stream.replies) + stream.SOME)
              for stream in traffic]
    wait_until(lambda: all(len(stream.replies) >= n for stream, n in wanted),
               10, f"packets pass, after {what}")
    lost = {s.name: s.lost() for s in traffic if s.lost()}
    twice = {s.name: s.twice for s in traffic if s.twice}
    assert not lost and not twice, \
        f"lost: {lost}, twice: {twice}, after {what}"


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


def replace_all(lab, shop, traffic, order, programs,
                excuse=lambda process, host: None):
    """Replaces all processes in 'order', and new intent in between.  'excuse'
    is called after each, before it is checked that nothing was lost."""
    gateways = {host.name for host in lab.scenario.gateways()}
    for i, (process, host) in enumerate(order):
        replace(lab, process, host, programs)
        excuse(process, host)
        check_no_loss(traffic, f"{i + 1} of {order}")
        if process == "agent" and host in gateways and LONG:
            wait_heard(lab, host)
        if agents_left(order[i + 1:]) == 1 and programs:
            assert wire_version(lab) == 1
        if i % (len(order) // shop.SPARES) == 0:
            shop.check_intent(lab, [
                1 + i // (len(order) // shop.SPARES) % shop.SPARES])
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
                           for name, n in before.items()),
               10 * patience(lab), f"{gateway} and its hosts hear each other")


def wait_versions(lab, wire_wanted, control_wanted=2, rewritten=True):
    """Waits until frames are in these versions of their formats; 'rewritten'
    says whether there are such frames of tenants: in VXLAN there are not."""
    wait_until(lambda: wire_version(lab) == wire_wanted, 15 * patience(lab),
               f"all hosts read version {wire_wanted} of the wire format")
    kinds = [(whole_version, wire_wanted), (control_version, control_wanted)]
    if rewritten:
        kinds.append((rewritten_version, wire_wanted))
    with Wire(lab, "aws1-gw", "eth0") as wire:
        for what, wanted in kinds:
            wait_until(lambda get=what, want=wanted: seen(
                wire, lambda frame: get(frame) == want), 10 * patience(lab),
                       f"{what.__name__} is {wanted}")


def upgrade(lab, shop, traffic, order, programs, **how):
    """Replaces all in 'order' by 'programs', whose formats are used at the end;
    for 'how' see replace_all() and wait_versions()."""
    before, said = schema_version(lab), all_complaints(lab)
    rewritten = how.pop("rewritten", True)
    replace_all(lab, shop, traffic, order, programs, **how)
    assert schema_version(lab) > before
    wait_versions(lab, 2, rewritten=rewritten)
    wait_until(lambda: set(zones(lab)) == {"next"}, 15 * patience(lab),
               "all hosts write the new column")
    check_no_loss(traffic, "all, and the new versions are used")
    assert all_complaints(lab) == said


def go_back(lab, shop, traffic, order, schema, **how):
    """The way back, as doc/architecture.md has it, to a database with the
    schema of version 'schema'."""
    rewritten = how.pop("rewritten", True)
    nethv.ctl(lab, "set", "Global", ".", "options:wire=1")
    wait_versions(lab, 1, rewritten=rewritten)
    # A slow host may still write what the first one that is replaced does not
    # read any more.  Who has the next intent has the version, too.
    nethv.apply(lab, shop.document([]))
    replace_all(lab, shop, traffic, order[::-1], None, **how)
    nethv.ctl(lab, "remove", "Global", ".", "options", "wire")
    convert_back(lab)
    assert schema_version(lab) == schema
    check_no_loss(traffic, "all, and back again")


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
