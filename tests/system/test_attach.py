# SPDX-License-Identifier: Apache-2.0
"""nethv-agent attach and detach against a real Open vSwitch, with a stand-in
for the running agent that says what a test wants it to."""

import json
import re
import socket
import threading
from pathlib import Path

import pytest

from test_shells import node_fixture  # noqa: F401

PORT = "acme/shop/s1/web"
BOUND = {"macs": ["02:00:00:00:00:01"], "ips": ["10.0.0.1/24", "fd00::1/64"],
         "mtu": 1400, "status": "bound"}


class Agent:
    """Answers port/show like the agent's control socket: 'answers' in turn,
    the last one for ever."""

    def __init__(self, node):
        self.answers = [BOUND]
        self.asked = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(node.path("/run/nethv/nethv-agent.ctl"))
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                self.answer(client)

    def answer(self, client):
        request, decoder = "", json.JSONDecoder()
        while True:
            more = client.recv(4096)
            if not more:
                return
            request += more.decode()
            try:
                call, _ = decoder.raw_decode(request)
                break
            except json.JSONDecodeError:
                pass
        self.asked.append([call["method"], *call["params"]])
        answer = self.answers[0]
        if len(self.answers) > 1:
            self.answers.pop(0)
        client.sendall(json.dumps({"id": call["id"], "error": None,
                                   "result": json.dumps(answer)}).encode())

    def close(self):
        if self.listener.fileno() >= 0:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()


@pytest.fixture(name="agent")
def agent_fixture(node):
    node.run(["ovs-vsctl", "add-br", "br-int", "--", "set", "Bridge", "br-int",
              "datapath_type=netdev", "fail_mode=secure", "--", "set",
              "Open_vSwitch", ".", "external_ids:nethv-datapath=netdev"])
    node.run(["ip", "netns", "add", "web"])
    agent = Agent(node)
    yield agent
    agent.close()


@pytest.fixture(name="nethv")
def nethv_fixture(node, bindir):
    if not bindir:
        pytest.skip("needs a build tree: give --bindir")
    program = str(Path(bindir) / "agent" / "nethv-agent")

    def run(*args):
        return node.run([program, *args], check=False)
    return run


def state(node):
    """What attach could leave behind."""
    return (node.run(["ovs-vsctl", "list-ports", "br-int"]).stdout,
            re.findall(r"^\d+: ([^:@]+)", node.run(["ip", "link"]).stdout,
                       re.M),
            re.findall(r"^\d+: ([^:@]+)", node.run(
                ["ip", "link"], netns="web").stdout, re.M))


def column(node, name, key):
    return node.run(["ovs-vsctl", "--if-exists", "get", "Interface", name,
                     key]).stdout.strip().strip('"')


def test_netns(node, agent, nethv):
    before = state(node)
    agent.answers = [{"status": "unclaimed"}, {"status": "unknown"}, BOUND]
    result = nethv("attach", PORT, "--netns", "web", "--ip")
    assert result.returncode == 0, result.stderr
    assert result.stdout == (
        f"{PORT}: eth0 in network namespace web, MAC address "
        "02:00:00:00:00:01, 10.0.0.1/24, fd00::1/64, MTU 1400\n")
    assert agent.asked == [["port/show", PORT]] * 3
    link = node.run(["ip", "addr", "show", "eth0"], netns="web").stdout
    assert "mtu 1400" in link and "02:00:00:00:00:01" in link
    assert "10.0.0.1/24" in link and "fd00::1/64" in link
    assert not re.search("fd00::1.*tentative", link) and "LOWER_UP" in link
    outer = node.run(["ovs-vsctl", "list-ports", "br-int"]).stdout.strip()
    assert column(node, outer, "external_ids:iface-id") == PORT
    assert column(node, outer, "external_ids:attached-mac") == \
        "02:00:00:00:00:01"
    assert column(node, outer, "ofport") == "1"
    # The host's kernel neither listens nor speaks there.
    assert "NOARP" in node.run(["ip", "link", "show", outer]).stdout
    assert not node.run(["ip", "-6", "addr", "show", outer]).stdout

    again = nethv("attach", PORT, "--netns", "web")
    assert again.returncode == 1
    assert "attached on this host already" in again.stderr
    assert nethv("detach", PORT).returncode == 0
    assert state(node) == before
    gone = nethv("detach", PORT)
    assert gone.returncode == 1
    assert "no interface of this host is attached" in gone.stderr


def test_tap(node, agent, nethv):
    before = state(node)
    assert nethv("attach", PORT, "--tap", "vm1", "--mtu",
                 "1300").returncode == 0
    assert "mtu 1300" in node.run(["ip", "link", "show", "vm1"]).stdout
    assert column(node, "vm1", "external_ids:attached-mac") == \
        "02:00:00:00:00:01"
    assert nethv("detach", PORT).returncode == 0
    assert state(node) == before


def test_internal(node, agent, nethv):
    before = state(node)
    result = nethv("attach", PORT, "--internal", "web0", "--ip", "--mac",
                   "02:00:00:00:00:77")
    assert result.returncode == 0, result.stderr
    link = node.run(["ip", "addr", "show", "web0"]).stdout
    assert "mtu 1400" in link and "02:00:00:00:00:77" in link
    assert "10.0.0.1/24" in link
    assert nethv("detach", PORT).returncode == 0
    assert state(node) == before


@pytest.mark.parametrize("answer, sentence", [
    ({"status": "unknown"}, "there is no such port in the NetHV database"),
    ({"status": "conflict"}, "another host has it"),
    ({"status": "refused", "reason": "no numbers left"}, "no numbers left"),
    ({"status": "unclaimed"}, "has not noticed its interface yet"),
    ({"macs": [], "ips": [], "mtu": 0, "status": "bound"}, "no tag or MTU"),
    ({"macs": ["x"], "status": "bound"}, "answer is not understood"),
])
@pytest.mark.parametrize("where", [
    ("--netns", "web"), ("--tap", "vm1"), ("--internal", "web0")])
def test_failure_leaves_nothing(node, agent, nethv, where, answer, sentence):
    before = state(node)
    agent.answers = [answer]
    result = nethv("attach", PORT, *where, "--timeout", "1")
    assert result.returncode == 1
    assert sentence in result.stderr
    assert result.stdout == ""
    assert state(node) == before


@pytest.mark.parametrize("args, sentence", [
    ([], "needs one argument"),
    ([PORT], "give one of --netns"),
    ([PORT, "--netns", "web", "--tap", "x"], "give one of --netns"),
    ([PORT, "--netns", "nowhere"], "network namespace nowhere"),
    ([PORT, "--netns", "web", "--mac", "01:00:00:00:00:00"], "unicast MAC"),
    ([PORT, "--netns", "web", "--mtu", "12"], "from 68 to 65535"),
    ([PORT, "--netns", "web", "--timeout", "0"], "from 1 to 86400"),
    ([PORT, "--tap", "name-of-16-chars"], "1 to 15 characters"),
    ([PORT, "--tap", "br-int"], "there is an interface br-int already"),
    ([PORT, "--internal", "lo"], "there is an interface lo already"),
    ([PORT, "--tap", "vm1", "--ip"], "those of the guest"),
    ([PORT, "--tap", "vm1", "--ifname", "x"], "--ifname is for --netns"),
    ([PORT, "--netns", "web", "--ifname", "lo"], "has an interface lo"),
    ([PORT, PORT, "--tap", "x"], "needs one argument"),
    ([PORT, "--nonsense"], "shows the options"),
])
def test_bad_arguments(node, agent, nethv, args, sentence):
    before = state(node)
    result = nethv("attach", *args)
    assert result.returncode == 1
    assert sentence in result.stderr
    assert state(node) == before
    assert not agent.asked


def test_no_agent(node, agent, nethv):
    before = state(node)
    agent.close()
    result = nethv("attach", PORT, "--netns", "web", "--timeout", "1")
    assert result.returncode == 1
    assert "is it running?" in result.stderr
    assert state(node) == before


def test_interrupted(node, agent, nethv, bindir):
    before = state(node)
    agent.answers = [{"status": "unknown"}]
    result = node.run(["timeout", "-s", "INT", "2",
                       str(Path(bindir) / "agent" / "nethv-agent"), "attach",
                       PORT, "--netns", "web"], check=False)
    assert "interrupted" in result.stderr
    assert state(node) == before
    node.run(["ovs-vsctl", "add-port", "br-int", "p1", "--", "set",
              "Interface", "p1", "type=internal",
              f"external_ids:iface-id={PORT}"])
    result = nethv("detach", PORT)
    assert "was not made by" in result.stderr
