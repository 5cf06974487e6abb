# SPDX-License-Identifier: Apache-2.0
"""What lib/trace says of random rules is what Open vSwitch does.

NETHV_ORACLE_SEEDS says how many sets of rules are tried (each with 10 frames),
NETHV_ORACLE_SEED the first.
"""
import json
import os
import random
import shutil
import subprocess

import pytest

import tunnel
from dummy_switch import (DummySwitch, PEER_MAC, PEERS, UNDERLAY_IP,
                          UNDERLAY_MAC)
from random_rules import Frames, N_PORTS, Rules

FIRST = int(os.environ.get("NETHV_ORACLE_SEED", 0))
SEEDS = range(FIRST, FIRST + int(os.environ.get("NETHV_ORACLE_SEEDS", 40)))
FRAMES = 10

pytestmark = pytest.mark.skipif(not shutil.which("ovs-vswitchd"),
                                reason="no Open vSwitch is installed")


@pytest.fixture(scope="module")
def switch(tmp_path_factory):
    switch = DummySwitch(tmp_path_factory.mktemp("switch"), N_PORTS)
    yield switch
    switch.stop()


class Input:
    """A frame, by a port or in a tunnel."""

    def __init__(self, rng):
        self.frame = Frames(rng).frame()
        self.port = rng.randrange(1, N_PORTS + 1)
        self.encap = rng.choice([None, None, None, "gre", "geneve"])
        self.key = rng.randrange(4)
        self.option = rng.choice([None, rng.randrange(4)])
        self.src = rng.choice(PEERS)
        if self.encap == "gre":
            self.port, self.option = DummySwitch.GRE, None
        elif self.encap == "geneve":
            self.port = DummySwitch.GENEVE

    def line(self):
        words = [str(self.port), self.frame.hex()]
        if self.encap:
            words += [str(self.key), self.src, UNDERLAY_IP]
            if self.option is not None:
                words.append(str(self.option))
        return " ".join(words)

    def send(self, switch):
        if not self.encap:
            return switch.send(self.port, self.frame)
        args = (self.src, UNDERLAY_IP, self.key)
        packet = (tunnel.gre(*args, self.frame) if self.encap == "gre"
                  else tunnel.geneve(*args, self.option, self.frame))
        head = UNDERLAY_MAC + ":" + PEER_MAC
        return switch.send("phy", bytes.fromhex(head.replace(":", ""))
                           + b"\x08\x00" + packet)


def sent_by_switch(outputs):
    result = []
    for port, frame in outputs:
        if port == "phy":
            encap, dst, key, option, inner = tunnel.unwrap(frame)
            result.append((encap, dst, key, option, inner.hex()))
        else:
            result.append((port, frame.hex()))
    return sorted(result, key=str)


def sent_by_trace(trace):
    result = []
    for delivery in trace["delivered"]:
        port, frame, tun = (delivery[k] for k in ("port", "frame", "tunnel"))
        key = int(tun["id"], 16)
        if port == DummySwitch.GRE:
            result.append(("gre", tun["dst"], key & 0xffffffff, None, frame))
        elif port == DummySwitch.GENEVE:
            option = tun["option"] and int(tun["option"], 16)
            result.append(("geneve", tun["dst"], key & 0xffffff, option,
                           frame))
        elif 1 <= port <= N_PORTS:
            result.append((port, frame))
    return sorted(result, key=str)


def is_undefined(trace):
    """What Open vSwitch does then it does by mistake or by its size: it may
    abort, or forget a frame's tunnel after it was to be sent to the switch's
    own address."""
    tunnels = (DummySwitch.GRE, DummySwitch.GENEVE)
    return trace["errors"] or any(delivery["port"] in tunnels
                                  and delivery["tunnel"]["dst"] not in PEERS
                                  for delivery in trace["delivered"])


def difference(a, b):
    rest = list(b)
    return [x for x in a if x not in rest or rest.remove(x)]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_rules(switch, trace_run, tmp_path, seed):
    rng = random.Random(seed)
    rules = tmp_path / "rules"
    rules.write_text(Rules(rng).text())
    inputs = [Input(rng) for _ in range(FRAMES)]
    run = subprocess.run([trace_run, str(rules)],
                         input="".join(i.line() + "\n" for i in inputs),
                         check=True, text=True, stdout=subprocess.PIPE)
    switch.set_rules(str(rules))
    for frame, line in zip(inputs, run.stdout.splitlines()):
        trace = json.loads(line)
        if is_undefined(trace):
            return
        ours = sent_by_trace(trace)
        theirs = sent_by_switch(frame.send(switch))
        if ours != theirs:
            pytest.fail("seed %d, %s, errors %s\nonly the trace sends %s\n"
                        "only the switch sends %s"
                        % (seed, frame.line(), trace["errors"],
                           difference(ours, theirs),
                           difference(theirs, ours)), pytrace=False)
