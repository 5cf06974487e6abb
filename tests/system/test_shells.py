# SPDX-License-Identifier: Apache-2.0
"""The shells of a host against a real Open vSwitch: the OpenFlow connection
and the Open vSwitch database (lib/ovs/), through the program tests/shells."""

import contextlib
import os
import re
import select
import subprocess
import time
from pathlib import Path

import pytest

from nethvlab import host as lab_host
from nethvlab.namespaces import make_private_directories, start_nodes
from wires import limit

BR_INT = "unix:/run/openvswitch/br-int.mgmt"
DATABASE = "unix:/run/openvswitch/db.sock"

# Each kind of match and action that the compiler uses.
FLOWS = """\
table=0,priority=100,in_port=1,cookie=0x1,actions=load:0x1->NXM_NX_REG0[],\
load:0->NXM_OF_IN_PORT[],resubmit(,1)
table=0,priority=100,tun_src=10.0.0.1,dl_src=01:02:01:00:00:00/\
ff:ff:ff:ff:f0:00,cookie=0x2,actions=set_field:0x5->reg4,resubmit(,110)
table=0,priority=90,tun_id=0x01001000/0xfffff000,actions=resubmit(,111)
table=0,priority=80,tun_metadata0=0x01001000/0xfffff000,\
actions=move:NXM_NX_TUN_METADATA0[0..31]->NXM_NX_REG4[],resubmit(,111)
table=1,priority=50,ip,nw_src=10.0.0.1,dl_src=02:00:00:00:00:01,\
actions=resubmit(,2)
table=1,priority=50,ipv6,ipv6_src=fd00::1,actions=resubmit(,2)
table=1,priority=50,icmp6,icmp_type=136,nd_target=fd00::1,actions=resubmit(,2)
table=1,priority=40,arp,arp_spa=10.0.0.1,arp_sha=02:00:00:00:00:01,\
actions=resubmit(,2)
table=8,priority=1,reg6=0x10000/0xff0000,actions=clone(\
load:0x2->NXM_NX_REG6[16..23],set_field:0x7->reg1,resubmit(,9)),resubmit(,10)
table=8,priority=0,actions=clear_actions
table=9,priority=1,reg2=0x7,actions=learn(table=12,idle_timeout=300,limit=100,\
result_dst=NXM_NX_REG6[27],NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],\
NXM_NX_REG2[]=NXM_NX_REG2[],load:NXM_NX_REG3[]->NXM_NX_REG4[])
table=10,priority=3,arp,arp_op=1,arp_tpa=10.0.0.9,actions=\
move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],set_field:02:00:00:00:00:09->eth_src,\
set_field:2->arp_op,move:NXM_NX_ARP_SHA[]->NXM_NX_ARP_THA[],\
move:NXM_OF_ARP_SPA[]->NXM_OF_ARP_TPA[],set_field:10.0.0.9->arp_spa,IN_PORT
table=11,priority=2,dl_dst=02:00:00:00:00:02,actions=load:0x1->\
NXM_NX_REG6[24],output:NXM_NX_REG10[]
table=13,priority=1,actions=controller(userdata=01.02.03.04,max_len=65535)
table=16,priority=1,reg1=0x9,actions=meter:7,resubmit(,8)
table=101,priority=1,actions=check_pkt_larger(1400)->NXM_NX_REG6[25],\
resubmit(,102)
table=102,priority=1,reg6=0x1000000/0x1000000,actions=\
encap(nsh(md_type=2,tlv(0x1000,10,0x12345678))),encap(ethernet),\
set_field:01:02:01:00:00:00->eth_src,resubmit(,103)
table=102,priority=2,dl_vlan=5,actions=move:NXM_NX_REG3[]->\
NXM_OF_ETH_SRC[0..31],load:0x102->NXM_OF_ETH_SRC[32..47],resubmit(,103)
table=104,priority=1,actions=move:NXM_NX_REG4[]->NXM_NX_TUN_ID[0..31],\
set_field:10.0.0.2->tun_dst,output:1
table=104,priority=2,reg4=0x5,actions=move:NXM_NX_REG4[]->\
NXM_NX_TUN_METADATA0[0..31],set_field:0x9->tun_metadata0,output:1
table=104,priority=3,reg4=0x6,actions=set_field:fd00::2->tun_ipv6_dst,\
set_field:0x77->tun_id,output:1
table=110,priority=1,dl_type=0x894f,actions=decap(),decap(),resubmit(,111)
table=113,priority=1,vlan_tci=0x1000/0x1000,actions=push_vlan:0x88a8,\
set_field:4097->vlan_vid,output:1,strip_vlan,output:1
table=113,priority=4,conj_id=5,ip,actions=output:1
table=113,priority=4,ip,nw_dst=10.0.0.0/8,actions=conjunction(5,1/2)
table=120,priority=1,reg9=0x1,cookie=0x51,actions=drop
table=120,priority=0,cookie=0x50,actions=drop
"""


class Shells:
    """The program, running on a node."""

    def __init__(self, node, program):
        self.node = node
        self.program = program
        self.process = node.popen([program],
                                  stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        self.unread = b""

    def line(self, timeout=90):
        while b"\n" not in self.unread:
            ready, _, _ = select.select([self.process.stdout], [], [], timeout)
            assert ready, "tests/shells does not answer"
            more = os.read(self.process.stdout.fileno(), 65536)
            assert more, "tests/shells has ended"
            self.unread += more
        line, _, self.unread = self.unread.partition(b"\n")
        return line.decode()

    def say(self, command):
        """Gives 'command' and returns the lines up to its result."""
        self.process.stdin.write(f"{command}\n".encode())
        self.process.stdin.flush()
        lines = [self.line()]
        while lines[-1].startswith(("packet ", "counts ")) or " type=" in \
                lines[-1]:
            lines.append(self.line())
        return lines

    def ok(self, command):
        lines = self.say(command)
        assert lines[-1].startswith("ok"), f"{command}: {lines}"
        return lines[:-1]

    def stats(self):
        return {key: int(value) for key, value in
                re.findall(r"(\w+)=(\d+)", self.say("stats")[-1])}

    def another(self):
        """A second one on the same node, connected to br-int."""
        other = Shells(self.node, self.program)
        other.ok(f"connect {BR_INT}")
        return other

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(10) == 0


@contextlib.contextmanager
def machines(tmp_path, names):
    """Machines with nothing on them but, the first, Open vSwitch."""
    nodes = []
    template = tmp_path / "conf.db"
    hide = tmp_path / "hide"
    hide.mkdir()
    made = make_private_directories()
    subprocess.run(["ovsdb-tool", "create", template, lab_host.OVS_SCHEMA],
                   check=True)
    start_nodes(names, "test-shells", str(hide), nodes.extend)
    try:
        lab_host.start_ovs(nodes[0], "test-shells", template)
        yield nodes
    finally:
        for node in nodes:
            node.kill()
        for directory in made:
            os.rmdir(directory)


@pytest.fixture(name="node")
def node_fixture(tmp_path, lab_needed):
    with machines(tmp_path, ["shells"]) as nodes:
        yield nodes[0]


@pytest.fixture(name="shells")
def shells_fixture(node, bindir):
    if not bindir:
        pytest.skip("tests/shells is part of a build tree: give --bindir")
    shells = Shells(node, str(Path(bindir) / "tests" / "shells"))
    yield shells
    shells.close()


@pytest.fixture(name="bridge")
def bridge_fixture(node, shells):
    """'shells' connected to a br-int that has one port, number 1."""
    shells.ok(f"open {DATABASE}")
    shells.ok("bridge netdev")
    shells.ok("settle 60000")
    node.run(["ovs-vsctl", "add-port", "br-int", "p1", "--", "set",
              "Interface", "p1", "type=internal", "ofport_request=1"])
    node.batch(["link set p1 addrgenmode none up"])
    shells.ok(f"connect {BR_INT}")
    return shells


def put_flows(node, text, name="flows"):
    Path(node.path(f"/run/nethv/{name}")
         ).write_text(text, encoding="ascii")
    return f"/run/nethv/{name}"


def dump(node, table=None):
    """The flows of br-int as sorted text, without statistics."""
    what = ["br-int"] + ([f"table={table}"] if table is not None else [])
    out = node.run(["ovs-ofctl", "-OOpenFlow15", "--no-stats", "--no-names",
                    "dump-flows", *what]).stdout
    return sorted(line.strip() for line in out.splitlines() if "actions" in
                  line)


def load(shells, node, text=FLOWS, stamp=1):
    shells.ok("rules " + put_flows(node, text))
    shells.ok("meter 7 1000")
    shells.ok("ready")
    shells.ok(f"update {stamp}")
    shells.ok(f"wait {stamp} 60000")


def kill_vswitchd(node):
    node.run(["sh", "-c", "kill -9 $(cat /run/openvswitch/ovs-vswitchd.pid)"])


def start_vswitchd(node):
    node.run(list(lab_host.PROCESSES["ovs-vswitchd"].argv))


class Monitor:
    """Watches br-int for changes of flows."""

    def __init__(self, node):
        self.node = node
        self.file = Path(node.path("/run/nethv/monitor"))
        node.run(["sh", "-c", "ovs-ofctl -OOpenFlow15 monitor br-int "
                  "'watch:!initial' >/run/nethv/monitor 2>&1 & "
                  "echo $! >/run/nethv/pid"])
        self.wait_for("FLOW_MONITOR reply")

    def wait_for(self, text):
        deadline = time.monotonic() + 10
        while text not in self.file.read_text(encoding="ascii"):
            assert time.monotonic() < deadline, f"no {text} from the monitor"
            time.sleep(0.02)

    def events(self):
        """What has happened so far; ends the watch."""
        self.node.run(["ovs-ofctl", "add-flow", "br-int",
                       "table=250,cookie=0xfeed,actions=drop"])
        self.wait_for("cookie=0xfeed")
        self.node.run(["sh", "-c", "kill $(cat /run/nethv/pid)"])
        self.node.run(["ovs-ofctl", "del-flows", "br-int", "table=250"])
        text = self.file.read_text(encoding="ascii")
        assert "decode error" not in text
        return [line for line in text.splitlines()
                if "event=" in line and "cookie=0xfeed" not in line]


def test_nothing_before_ready(node, bridge):
    node.run(["ovs-ofctl", "add-flow", "br-int", "table=0,actions=drop"])
    bridge.ok("rules " + put_flows(node, FLOWS))
    bridge.ok("update 1")
    bridge.ok("run 300")
    assert len(dump(node)) == 1


def test_load_and_delete(node, bridge):
    node.run(["ovs-ofctl", "add-flow", "br-int", "table=3,actions=drop"])
    for table in 12, 32, 95:
        node.run(["ovs-ofctl", "add-flow", "br-int",
                  f"table={table},priority=7,actions=drop"])
    load(bridge, node)
    flows = dump(node)
    assert len(flows) == FLOWS.count("\n") + 3
    assert not any("table=3," in flow for flow in flows)
    assert bridge.stats()["refused"] == 0
    assert "meter=7 kbps burst" in node.run(
        ["ovs-ofctl", "-OOpenFlow15", "dump-meters", "br-int"]).stdout


def test_adopts_without_flow_mods(node, bridge):
    load(bridge, node)
    before = dump(node)
    monitor = Monitor(node)
    second = bridge.another()
    load(second, node)
    stats = second.stats()
    second.close()
    assert stats["adopted"] == FLOWS.count("\n")
    assert stats["flow_mods"] == 0
    assert not monitor.events()
    assert dump(node) == before


def test_update_sends_only_changes(node, bridge):
    load(bridge, node)
    monitor = Monitor(node)
    changed = FLOWS.replace("cookie=0x50,actions=drop",
                            "cookie=0x50,actions=resubmit(,121)")
    changed = changed.replace("table=110,priority=1,", "table=110,priority=2,")
    bridge.ok("rules " + put_flows(node, changed))
    assert bridge.say("update 2") == ["ok 3"]
    bridge.ok("wait 2 60000")
    events = monitor.events()
    assert sorted(re.findall(r"event=(\w+)", " ".join(events))) == [
        "ADDED", "ADDED", "DELETED"]


def cached(node):
    """The actions of all flows in the datapath's cache."""
    node.run(["ovs-appctl", "revalidator/wait"])
    out = node.run(["ovs-appctl", "dpctl/dump-flows", "--names"]).stdout
    return set(re.findall(r"in_port\(p1\).* actions:(.*)", out))


def send(node, destination, ethertype):
    """Sends two frames out of p1, into the bridge."""
    frame = bytes.fromhex(destination.replace(":", "")) + bytes.fromhex(
        "020000000009") + ethertype.to_bytes(2, "big") + bytes(46)
    node.run(["/usr/bin/python3", "-c", "import socket\n"
              "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
              "s.bind(('p1', 0))\n"
              f"for _ in range(2): s.send({frame!r})"])


def test_nothing_cached_outlives_its_rules(node, bridge):
    """Frames are cached by rules that look at their destination, then others,
    overlapping, by rules that do not."""
    rules = ("table=0,priority=20,in_port=1,dl_type=0x4e57,actions=output:{0}"
             "\ntable=0,priority=0,in_port=1,actions=output:{0}\n")
    first = "02:00:00:00:00:01"
    for n in 2, 3:
        node.run(["ovs-vsctl", "add-port", "br-int", f"p{n}", "--", "set",
                  "Interface", f"p{n}", "type=internal",
                  f"ofport_request={n}"])
        node.batch([f"link set p{n} addrgenmode none up"])
    bridge.ok("userspace")
    load(bridge, node, rules.format(2) + "table=0,priority=10,in_port=1,"
         f"dl_dst={first},actions=output:2\n")
    send(node, "02:00:00:00:00:07", 0x4e57)
    send(node, first, 0x4e56)
    assert cached(node) == {"p2"}

    for stamp, number in (2, 2), (3, 3):
        bridge.ok("rules " + put_flows(node, rules.format(number)))
        bridge.ok(f"update {stamp}")
        bridge.ok(f"wait {stamp} 60000")
        cached(node)
        send(node, "02:00:00:00:00:02", 0x4e56)
        assert cached(node) == {f"p{number}"}


def test_epoch_is_adopted_and_replaced(node, bridge):
    bridge.ok("userspace")
    load(bridge, node)
    before = dump(node)
    assert len(before) == FLOWS.count("\n") + 2
    second = bridge.another()
    second.ok("userspace")
    load(second, node)
    assert second.stats()["flow_mods"] == 0
    assert dump(node) == before

    second.ok("rules " + put_flows(node, FLOWS + "table=3,actions=drop\n"))
    second.ok("update 2")
    second.ok("wait 2 60000")
    second.close()
    after = dump(node)
    assert len(after) == len(before) + 1
    assert len(set(before) - set(after)) == 2

    # Half an epoch is none.
    node.run(["ovs-ofctl", "-OOpenFlow15", "del-flows", "br-int",
              "table=112"])
    third = bridge.another()
    third.ok("userspace")
    load(third, node, FLOWS + "table=3,actions=drop\n")
    third.close()
    assert len(dump(node)) == len(after)


def test_compare_repairs_only_difference(node, bridge):
    load(bridge, node)
    before = dump(node)
    node.run(["ovs-ofctl", "-OOpenFlow15", "--strict", "del-flows", "br-int",
              "table=11,priority=2,dl_dst=02:00:00:00:00:02"])
    node.run(["ovs-ofctl", "add-flow", "br-int",
              "table=120,priority=0,cookie=0x50,actions=resubmit(,1)"])
    node.run(["ovs-ofctl", "add-flow", "br-int", "table=2,actions=drop"])
    second = bridge.another()
    load(second, node)
    stats = second.stats()
    second.close()
    assert stats["flow_mods"] == 3
    assert dump(node) == before


def test_restart_of_vswitchd(node, bridge):
    load(bridge, node)
    before = dump(node)
    times = []
    for _ in range(3):
        kill_vswitchd(node)
        bridge.ok("run 300")
        assert bridge.say("wait 1 200") == ["timeout"]
        start_vswitchd(node)
        start = time.monotonic()
        bridge.ok("wait 1 60000")
        times.append(time.monotonic() - start)
        assert dump(node) == before
    # The others may have been held up by whatever else this machine does.
    assert min(times) < limit(1, 5)


def test_many_rules(node, bridge):
    many = FLOWS + "".join(
        f"table=11,priority=3,dl_dst=02:00:00:{n >> 8:02x}:{n & 255:02x}:07,"
        f"actions=load:{n:#x}->NXM_NX_REG4[],resubmit(,100)\n"
        for n in range(25000))
    load(bridge, node, many)
    assert len(dump(node, 11)) == 25001
    bridge.ok("rules " + put_flows(node, FLOWS))
    bridge.ok("update 2")
    bridge.ok("wait 2 60000")
    assert len(dump(node, 11)) == 1


def test_refused_rule_does_not_hold_back_others(node, bridge):
    bad = FLOWS + "table=15,priority=1,actions=group:99\n"
    load(bridge, node, bad)
    stats = bridge.stats()
    assert stats["refused"] >= 1
    assert len(dump(node)) == FLOWS.count("\n")
    more = bad + "table=15,priority=2,actions=drop\n"
    bridge.ok("rules " + put_flows(node, more))
    bridge.ok("update 2")
    bridge.ok("wait 2 60000")
    assert len(dump(node)) == FLOWS.count("\n") + 1


def test_meter_changes_and_goes(node, bridge):
    load(bridge, node)
    bridge.ok("meter 7 2000")
    bridge.ok("update 2")
    bridge.ok("wait 2 60000")
    meters = ["ovs-ofctl", "-OOpenFlow15", "dump-meters", "br-int"]
    assert "rate=2000 burst_size=2000" in node.run(meters).stdout
    bridge.ok("rules " + put_flows(node, FLOWS.replace("meter:7,", "")))
    bridge.ok("meter 0")
    bridge.ok("update 3")
    bridge.ok("wait 3 60000")
    assert "meter=7" not in node.run(meters).stdout
    assert len(dump(node)) == FLOWS.count("\n")


def test_packets_and_counts(node, bridge):
    flows = FLOWS + ("table=0,priority=200,in_port=CONTROLLER,"
                     "actions=set_field:0x77->reg1,resubmit(,13),"
                     "set_field:1->reg9,resubmit(,120)\n")
    load(bridge, node, flows)
    frame = "020000000002" + "020000000001" + "88b5" + "00" * 50
    node.run(["ovs-ofctl", "-OOpenFlow15", "packet-out", "br-int",
              f"in_port=controller packet={frame} actions=table"])
    packets = bridge.ok("run 300")
    assert packets == ["packet in_port=65533 reg1=119 userdata=01020304 "
                       "size=64"]
    bridge.ok("poll 120")
    assert "counts table=120 cookie=81 packets=1" in bridge.ok("run 300")
    bridge.ok(f"out {frame} 1")
    bridge.ok("run 300")
    assert re.search(r"tx pkts=[1-9]", node.run(
        ["ovs-ofctl", "dump-ports", "br-int", "1"]).stdout)


def vsctl(node, *args):
    return node.run(["ovs-vsctl", *args]).stdout.strip()


def test_bridge_and_tunnels(node, shells):
    shells.ok(f"open {DATABASE}")
    shells.ok("bridge netdev")
    shells.ok("tunnels gre geneve 3 4")
    shells.ok("settle 60000")
    assert vsctl(node, "get-fail-mode", "br-int") == "secure"
    assert vsctl(node, "get", "Bridge", "br-int", "other_config") == \
        '{disable-in-band="true"}'
    assert vsctl(node, "get", "Interface", "nethv-e3", "options") == \
        '{key=flow, remote_ip="192.0.2.3"}'
    assert vsctl(node, "get", "Interface", "nethv-e3", "bfd:check_tnl_key",
                 "bfd:min_tx", "bfd:min_rx", "bfd:mult").split() \
        == ['"true"', '"50"', '"50"', '"6"']
    assert vsctl(node, "get", "Interface", "nethv-gre", "options") == \
        "{key=flow, remote_ip=flow}"

    vsctl(node, "add-port", "br-int", "mine", "--", "set", "Interface", "mine",
          "type=internal")
    shells.ok("tunnels gre 4")
    shells.ok("settle 60000")
    names = [line.split()[0] for line in shells.ok("ifaces")]
    assert names == ["br-int", "mine", "nethv-e4", "nethv-gre"]
    assert all("ofport=yes" in line for line in shells.ok("ifaces")
               if not line.startswith("br-int"))

    vsctl(node, "set-fail-mode", "br-int", "standalone")
    vsctl(node, "del-port", "nethv-gre")
    shells.ok("settle 60000")
    assert vsctl(node, "get-fail-mode", "br-int") == "secure"
    assert "nethv-gre" in vsctl(node, "list-ports", "br-int")


def test_ports_and_configuration(node, shells):
    shells.ok(f"open {DATABASE}")
    shells.ok("settle 60000")
    assert "nethv-remote is not set" in shells.say("problem")[-1]
    shells.ok("port p1 internal acme/shop/s1/web")
    assert shells.say("settle 5000")[-1].startswith("there is no bridge")
    shells.ok("bridge netdev")
    shells.ok("port p1 internal acme/shop/s1/web")
    for key, value in {"remote": "ssl:10.0.0.1:6646", "cloud": "aws1",
                       "cloud-id": "999", "host": "h1", "host-id": "2",
                       "encap-ip": "10.0.0.2", "datapath": "netdev"}.items():
        shells.ok(f"set nethv-{key} {value}")
    shells.ok("settle 60000")
    assert '"999", not a number from 1 to 254' in shells.say("problem")[-1]
    shells.ok("set nethv-cloud-id 3")
    shells.ok("settle 60000")
    shells.ok("problem")
    assert any(line.startswith("p1 type=internal id=acme/shop/s1/web "
                               "ofport=yes") for line in shells.ok("ifaces"))
    shells.ok("del-port p1")
    shells.ok("set nethv-cloud")
    shells.ok("settle 60000")
    assert "nethv-cloud is not set" in shells.say("problem")[-1]
    assert not any(line.startswith("p1 ") for line in shells.ok("ifaces"))


def test_settle_says_what_is_missing(node, shells):
    kill_vswitchd(node)
    shells.ok(f"open {DATABASE}")
    shells.ok("bridge netdev")
    assert "is it running?" in shells.say("settle 500")[-1]
    start_vswitchd(node)
    shells.ok("settle 60000")
