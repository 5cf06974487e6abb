# SPDX-License-Identifier: Apache-2.0
"""Random rules of the actions that nethv's compiler uses, and frames."""
import struct

import tunnel
from dummy_switch import DummySwitch, PEERS

N_PORTS = 6
N_TABLES = 8
LEARNED_TABLE = 20
MACS = ["02:00:00:00:00:01", "02:00:00:00:00:02", "00:01:02:00:10:04",
        "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:05"]

# What a rule of a protocol matches, and changes that only it may make.
PROTOCOLS = {"": "", "arp": "arp,", "ip": "ip,nw_dst=10.0.0.0/24,",
             "udp": "udp,tp_dst=2000,", "ipv6": "ipv6,",
             "nd": "icmp6,icmp_type=135,", "nsh": "dl_type=0x894f,",
             "vlan": "vlan_tci=0x1000/0x1000,"}
# What may begin a list of actions only.
FIRST = {"nsh": "decap(),decap(),", "vlan": "pop_vlan,"}
CHANGES = {
    "arp": ["move:NXM_NX_ARP_SHA[]->NXM_NX_ARP_THA[]",
            "load:2->NXM_OF_ARP_OP[]", "set_field:%s->arp_sha" % MACS[1],
            "move:NXM_OF_ARP_SPA[]->NXM_OF_ARP_TPA[]"],
    "ip": ["set_field:10.0.0.9->ip_src", "set_field:7->nw_ttl", "dec_ttl"],
    "udp": ["set_field:4444->udp_dst", "set_field:10.0.0.8->ip_dst"],
    "ipv6": ["set_field:fd00::9->ipv6_src", "dec_ttl"],
    "nd": ["set_field:fd00::8->nd_target", "set_field:fd00::7->ipv6_dst",
           "set_field:02:00:00:00:00:07->nd_sll"],
    "vlan": ["set_field:4103->vlan_vid", "set_field:2->vlan_pcp"],
    "": ["encap(nsh(md_type=2,tlv(0x1000,10,0x12345678))),encap(ethernet),"
         "set_field:00:2a:01:00:10:08->eth_src",
         "encap(nsh(md_type=1)),encap(ethernet)"],
}


class Rules:
    """Writes rules; 'random' is a random.Random."""

    def __init__(self, random):
        self.random = random

    def text(self):
        # Table 0 leads on, so that most frames come far.
        self.protocol = ""
        self.pushed = False
        lines = ["table=0,priority=1,actions=%s"
                 % self.actions(0, 3)]
        for table in range(N_TABLES):
            for priority in range(self.random.randrange(2, 9)):
                self.protocol = self.random.choice([
                    "", "", "", "arp", "ip", "udp", "ipv6", "nd", "nsh",
                    "vlan"])
                self.pushed = False
                lines.append("table=%d,priority=%d,%s%sactions=%s" % (
                    table, priority + 10, PROTOCOLS[self.protocol],
                    self.match(),
                    self.actions(table, self.random.randrange(1, 7))))
        return "\n".join(dict.fromkeys(lines)) + "\n"

    def mac(self):
        return self.random.choice(MACS)

    def peer(self):
        return self.random.choice(PEERS)

    def match(self):
        choices = [
            lambda: "in_port=%d," % self.random.randrange(0, N_PORTS + 1),
            lambda: "in_port=%d," % DummySwitch.GRE,
            lambda: "dl_src=%s," % self.mac(),
            lambda: "dl_dst=%s," % self.mac(),
            lambda: "dl_dst=01:00:00:00:00:00/01:00:00:00:00:00,",
            lambda: "dl_src=00:01:00:00:00:00/ff:ff:00:00:00:00,",
            lambda: "reg%d=%d," % (self.random.randrange(3),
                                   self.random.randrange(3)),
            lambda: "reg1=%d/0xf," % self.random.randrange(3),
            lambda: "vlan_tci=0,",
            lambda: "tun_id=%#x/0xffff," % self.random.randrange(4),
            lambda: "tun_src=%s," % self.peer(),
            lambda: "tun_metadata0=%#x/0xff," % self.random.randrange(4),
            lambda: "metadata=%d," % self.random.randrange(3),
        ]
        fields = {}
        for _ in range(self.random.choice([0, 1, 1, 1, 2, 2])):
            field = self.random.choice(choices)()
            if self.protocol == "vlan" and field.startswith("vlan"):
                continue
            fields.setdefault(field.split("=")[0], field)
        return "".join(fields.values())

    def actions(self, table, n, depth=0):
        if self.protocol in FIRST and self.random.random() < 0.5:
            return FIRST[self.protocol] + self.resubmit(table)
        actions = [self.action(table, depth) for _ in range(n)]
        if not depth:
            actions += self.instructions(table)
        return ",".join(actions)

    def instructions(self, table):
        """What may only stand at the end, in this order."""
        instructions = []
        if self.random.random() < 0.1:
            instructions.append("clear_actions")
        if self.random.random() < 0.2:
            instructions.append("write_actions(set_field:%s->eth_dst,"
                                "output:%d)"
                                % (self.mac(),
                                   self.random.randrange(1, N_PORTS + 1)))
        if self.random.random() < 0.2 and table + 1 < N_TABLES:
            instructions.append("goto_table:%d" % (table + 1))
        return instructions

    def resubmit(self, table):
        later = table + 1 + self.random.randrange(3)
        if self.random.random() < 0.03:
            later = self.random.randrange(table + 1)
        port = ""
        if self.random.random() < 0.2:
            port = self.random.randrange(N_PORTS + 1)
        return "resubmit(%s,%d)" % (port, later)

    def push_vlan(self):
        # Open vSwitch refuses a third tag.
        if self.pushed or self.protocol == "vlan":
            return "note:04"
        self.pushed = True
        return "push_vlan:%s,set_field:%d->vlan_vid" % (
            self.random.choice(["0x8100", "0x88a8"]),
            4096 + self.random.randrange(1, 9))

    def tunnel_output(self):
        return ("set_field:%s->tun_dst,set_field:%#x->tun_id,output:%d"
                % (self.peer(), self.random.randrange(1 << 24),
                   self.random.choice([DummySwitch.GRE, DummySwitch.GENEVE])))

    def learn(self):
        return ("learn(table=%d,priority=%d,cookie=%d%s,"
                "NXM_NX_REG1[],NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],"
                "load:NXM_NX_REG0[]->NXM_NX_REG2[]%s)"
                % (LEARNED_TABLE, self.random.randrange(1, 3),
                   self.random.randrange(1, 3),
                   self.random.choice(["", ",limit=2"]),
                   self.random.choice(["", ",output:NXM_NX_REG0[0..15]"])))

    def action(self, table, depth):
        choices = [
            lambda: "output:%d" % self.random.randrange(1, N_PORTS + 1),
            lambda: "output:%d" % self.random.randrange(1, N_PORTS + 1),
            lambda: "output:NXM_NX_REG%d[0..15]" % self.random.randrange(3),
            lambda: "in_port",
            lambda: "load:%d->NXM_OF_IN_PORT[]"
                    % self.random.choice([0, 0, 3]),
            lambda: "load:%d->NXM_NX_REG%d[]" % (self.random.randrange(5),
                                                self.random.randrange(3)),
            lambda: "load:%d->NXM_NX_REG1[4..9]" % self.random.randrange(64),
            lambda: "set_field:%d/0x3->reg0" % self.random.randrange(4),
            lambda: "set_field:%s->eth_src" % self.mac(),
            lambda: "set_field:%s->eth_dst" % self.mac(),
            lambda: "set_field:00:2a:00:00:00:00/ff:ff:00:00:00:00->eth_src",
            lambda: "move:NXM_NX_REG1[]->NXM_OF_ETH_SRC[0..31]",
            lambda: "move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[]",
            lambda: "move:NXM_OF_ETH_SRC[0..31]->NXM_NX_REG2[]",
            lambda: "move:NXM_NX_TUN_ID[0..31]->NXM_NX_REG0[]",
            self.push_vlan,
            lambda: "push_vlan:0x8100,pop_vlan",
            lambda: "set_field:%d->tun_id" % self.random.randrange(4),
            lambda: "set_field:%d->tun_metadata0" % self.random.randrange(4),
            lambda: "set_field:%d->metadata" % self.random.randrange(3),
            lambda: "push:NXM_NX_REG1[]",
            lambda: "push:NXM_NX_REG0[],pop:NXM_NX_REG2[]",
            self.tunnel_output,
            self.learn,
            lambda: "resubmit(,%d)" % LEARNED_TABLE,
            lambda: "note:01.02.03",
            lambda: "controller(userdata=01.02)",
            lambda: "check_pkt_larger(%d)->NXM_NX_REG0[0]"
                    % self.random.choice([45, 60, 80, 100]),
        ]
        if self.protocol in CHANGES:
            choices += [lambda: self.random.choice(
                CHANGES[self.protocol])] * 4
        if table + 1 < N_TABLES:
            choices += [lambda: self.resubmit(table)] * 12
        if depth < 3:
            choices += [lambda: "clone(%s)" % self.actions(
                table, self.random.randrange(1, 5), depth + 1)] * 6
        return self.random.choice(choices)()


def mac_bytes(mac):
    return bytes.fromhex(mac.replace(":", ""))


class Frames:
    """Makes frames; 'random' is a random.Random."""

    def __init__(self, random):
        self.random = random

    def frame(self):
        payload = self.random.choice([self.arp, self.udp, self.fragment,
                                      self.neighbour, self.odd])()
        tags = b""
        for _ in range(self.random.choice([0, 0, 0, 1, 2])):
            tags += struct.pack("!HH", self.random.choice([0x8100, 0x88a8]),
                                self.random.randrange(65536))
        return (mac_bytes(self.random.choice(MACS))
                + mac_bytes(self.random.choice(MACS[:3])) + tags + payload)

    def tail(self):
        return bytes(self.random.randrange(256)
                     for _ in range(self.random.randrange(60)))

    def arp(self):
        return struct.pack("!HHHBBH6s4s6s4s", 0x0806, 1, 0x0800, 6, 4,
                           self.random.randrange(1, 3), mac_bytes(MACS[0]),
                           bytes([10, 0, 0, 1]), bytes(6),
                           bytes([10, 0, 0, self.random.randrange(1, 4)]))

    def udp(self):
        data = self.tail()
        datagram = struct.pack("!HHHH", 1000, self.random.choice([2000, 53]),
                               8 + len(data), 0) + data
        return b"\x08\x00" + tunnel.ipv4("10.0.0.1", "10.0.0.2", 17, datagram)

    def fragment(self):
        packet = bytearray(tunnel.ipv4("10.0.0.1", "10.0.0.2", 17,
                                       bytes(24)))
        packet[6:8] = struct.pack("!H", self.random.choice([0x2000, 3]))
        packet[10:12] = bytes(2)
        packet[10:12] = struct.pack("!H", tunnel.checksum(bytes(packet[:20])))
        return b"\x08\x00" + bytes(packet)

    def neighbour(self):
        src = bytes.fromhex("fd000000000000000000000000000001")
        dst = bytes.fromhex("ff0200000000000000000001ff000002")
        message = struct.pack("!BBHI", 135, 0, 0, 0) + src + b"\x01\x01" \
            + mac_bytes(MACS[0])
        pseudo = src + dst + struct.pack("!II", len(message), 58)
        total = tunnel.checksum(pseudo + message)
        message = message[:2] + struct.pack("!H", total) + message[4:]
        return (struct.pack("!HIHBB", 0x86dd, 6 << 28, len(message), 58, 255)
                + src + dst + message)

    def odd(self):
        return self.random.choice([b"\x88\xb6", b"\x12\x34"]) + self.tail()
