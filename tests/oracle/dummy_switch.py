# SPDX-License-Identifier: Apache-2.0
"""A real ovs-vswitchd with dummy ports, in a directory of its own.

Frames are put into ports by its control socket and read from the files to
which ports write what they send.  A sentinel frame sent after each one says
when all that comes of it has been sent.
"""
import itertools
import json
import os
import socket
import struct
import subprocess
import time

SENTINEL_PORT = 90
SENTINEL_TYPE = 0x88b5
UNDERLAY_IP = "172.31.0.1"
UNDERLAY_MAC = "aa:55:aa:55:00:00"
PEER_MAC = "f8:bc:12:44:34:b6"
PEERS = ["172.31.0.%d" % i for i in range(2, 6)]


class Control:
    """A daemon's control socket (JSON-RPC)."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.ids = itertools.count()

    def __call__(self, method, *params):
        request = {"id": next(self.ids), "method": method,
                   "params": list(params)}
        self.socket.sendall(json.dumps(request).encode())
        text = ""
        while True:
            text += self.socket.recv(65536).decode()
            try:
                reply = json.loads(text)
                break
            except ValueError:
                pass
        assert reply["error"] is None, (method, params, reply["error"])
        return reply["result"]


class Capture:
    """What a port has sent, from its pcap file."""

    def __init__(self, path):
        self.path = path
        self.offset = 24

    def read(self):
        frames = []
        try:
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                data = file.read()
        except FileNotFoundError:
            return frames
        at = 0
        while len(data) - at >= 16:
            size = struct.unpack_from("<I", data, at + 8)[0]
            if len(data) - at - 16 < size:
                break
            frames.append(data[at + 16:at + 16 + size])
            at += 16 + size
        self.offset += at
        return frames


class DummySwitch:
    """br0 with plain ports 1 to 'n_ports', and tunnels by br-phy's port."""

    GRE, GENEVE = 31, 32

    def __init__(self, directory, n_ports):
        self.directory = str(directory)
        self.env = dict(os.environ, OVS_RUNDIR=self.directory,
                        OVS_LOGDIR=self.directory, OVS_DBDIR=self.directory,
                        OVS_SYSCONFDIR=self.directory)
        self.daemons = []
        self.n_ports = n_ports
        self.n_sentinels = 0
        self.start()

    def path(self, name):
        return os.path.join(self.directory, name)

    def run(self, *args, **kwargs):
        return subprocess.run(args, env=self.env, check=True, text=True,
                              stdout=subprocess.PIPE, **kwargs).stdout

    def start(self):
        database = self.path("conf.db")
        sock = self.path("db.sock")
        self.run("ovsdb-tool", "create", database,
                 "/usr/share/openvswitch/vswitch.ovsschema")
        self.spawn("ovsdb-server", "--remote=punix:" + sock, database)
        self.wait_for(sock)
        self.vsctl = ["ovs-vsctl", "--db=unix:" + sock]
        self.run(*self.vsctl, "--no-wait", "set", "Open_vSwitch", ".",
                 "other_config:vlan-limit=2")
        control = self.path("vswitchd.ctl")
        self.spawn("ovs-vswitchd", "--enable-dummy", "--disable-system",
                   "--unixctl=" + control, "unix:" + sock)
        self.wait_for(control)
        self.control = Control(control)
        self.add_ports()

    def spawn(self, *args):
        log = open(self.path(args[0] + ".out"), "w")
        self.daemons.append(subprocess.Popen(
            args, env=self.env, cwd=self.directory, stdout=log, stderr=log))
        log.close()

    def wait_for(self, path):
        deadline = time.monotonic() + 10
        while not os.path.exists(path):
            assert time.monotonic() < deadline, path + " did not appear"
            time.sleep(0.01)

    def add_ports(self):
        args = ["--", "add-br", "br0", "--", "set", "bridge", "br0",
                "datapath_type=dummy", "fail-mode=secure",
                "--", "add-br", "br-phy", "--", "set", "bridge", "br-phy",
                "datapath_type=dummy",
                "other-config:hwaddr=" + UNDERLAY_MAC]
        self.captures = {}
        ports = {"p%d" % i: ("br0", i)
                 for i in [*range(1, self.n_ports + 1), SENTINEL_PORT]}
        ports["phy0"] = ("br-phy", 1)
        ports["end"] = ("br-phy", 2)
        for name, (bridge, number) in ports.items():
            pcap = self.path(name + ".pcap")
            args += ["--", "add-port", bridge, name, "--", "set", "Interface",
                     name, "type=dummy", "ofport_request=%d" % number,
                     "options:tx_pcap=" + pcap]
            key = {"phy0": "phy", "end": "end"}.get(name, number)
            self.captures[key] = Capture(pcap)
        for name, number in [("gre", self.GRE), ("geneve", self.GENEVE)]:
            args += ["--", "add-port", "br0", name, "--", "set", "Interface",
                     name, "type=" + name, "ofport_request=%d" % number,
                     "options:remote_ip=flow", "options:key=flow"]
        self.run(*self.vsctl, *args)
        self.control("netdev-dummy/ip4addr", "br-phy", UNDERLAY_IP + "/24")
        self.control("ovs/route/add", UNDERLAY_IP + "/24", "br-phy")
        for peer in PEERS:
            self.control("tnl/neigh/set", "br-phy", peer, PEER_MAC)
        self.ofctl("del-flows", "br-phy")
        for rule in ["priority=2,dl_type=%#x,actions=output:2" % SENTINEL_TYPE,
                     "priority=1,in_port=LOCAL,actions=output:1",
                     "priority=1,in_port=1,actions=LOCAL"]:
            self.ofctl("add-flow", "br-phy", rule)
        self.ofctl("add-tlv-map", "br0",
                   "{class=0xffff,type=0,len=4}->tun_metadata0")

    def ofctl(self, *args):
        return self.run("ovs-ofctl", "-OOpenFlow13", *args)

    def set_rules(self, path):
        """Replaces all rules by those in the file at 'path'."""
        self.ofctl("del-flows", "br0")
        self.ofctl("add-flows", "br0", path)
        self.ofctl("add-flow", "br0",
                   "table=0,priority=65535,dl_type=%#x,actions=output:%d"
                   % (SENTINEL_TYPE, SENTINEL_PORT))
        self.control("revalidator/purge")

    def send(self, port, frame):
        """Puts 'frame' into 'port' ("phy" for the uplink), returns a list of
        (port, frame) that were sent."""
        self.n_sentinels += 1
        sentinel = (bytes(6) + bytes.fromhex("020000000001")
                    + struct.pack("!HI", SENTINEL_TYPE, self.n_sentinels)
                    + bytes(42))
        name = "phy0" if port == "phy" else "p%d" % port
        self.control("netdev-dummy/receive", name, frame.hex(),
                     sentinel.hex())
        self.await_sentinel(sentinel, "end" if port == "phy"
                            else SENTINEL_PORT)
        outputs = [(key, sent) for key, capture in self.captures.items()
                   for sent in capture.read()]
        self.control("revalidator/purge")
        return outputs

    def await_sentinel(self, sentinel, key):
        deadline = time.monotonic() + 20
        while sentinel not in self.captures[key].read():
            assert time.monotonic() < deadline, "the sentinel is lost"
            time.sleep(0.0005)

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            daemon.wait(10)
