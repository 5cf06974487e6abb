# SPDX-License-Identifier: Apache-2.0
"""The Internet between the clouds: one node in which nethv-wan(8) joins the
routers, a link for each pair of clouds."""

from __future__ import annotations

import json
import socket
from typing import Any

from . import LabError
from .namespaces import Node, checksums_off, set_sysctl
from .scenario import Cloud, Link, Scenario

MTU = 1500
CONTROL = "/run/nethv/nethv-wan.ctl"
PIDFILE = "/run/nethv/nethv-wan.pid"


def interface(at: Cloud, to: Cloud) -> str:
    """The WAN's interface on the side of 'at', of the link to 'to'."""
    return f"w{at.number}-{to.number}"


def interfaces(scenario: Scenario, link: Link) -> tuple[str, str]:
    a, b = scenario.cloud(link.a), scenario.cloud(link.b)
    return interface(a, b), interface(b, a)


def command(scenario: Scenario, program: str) -> list[str]:
    """How nethv-wan is started in its node."""
    specs = []
    for link in scenario.links:
        a, b = interfaces(scenario, link)
        specs.append(",".join([f"{link.a}:{a}", f"{link.b}:{b}",
                               *link.settings()]))
    return [program, "--detach", f"--pidfile={PIDFILE}",
            f"--unixctl={CONTROL}", "-vconsole:warn",
            "--log-file=/var/log/nethv/nethv-wan.log", *specs]


def up(scenario: Scenario, node: Node, program: str) -> None:
    """Starts the WAN; the routers' ends of its links must be there."""
    names = [name for link in scenario.links
             for name in interfaces(scenario, link)]
    set_sysctl(node, {"ipv6/conf/all/disable_ipv6": "1"})
    node.batch([f"link set {name} up" for name in names])
    checksums_off(node, names)
    node.run(command(scenario, program))


def call(node: Node, method: str, *params: str) -> str:
    """Runs a command of nethv-wan and returns what it says."""
    request = json.dumps({"id": 0, "method": method, "params": params})
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(10)
        try:
            sock.connect(node.path(CONTROL))
        except OSError as error:
            raise LabError(f"nethv-wan does not answer: {error.strerror}"
                           ) from error
        sock.sendall(request.encode())
        text = b""
        while True:
            more = sock.recv(65536)
            text += more
            try:
                reply = json.loads(text)
                break
            except ValueError:
                if not more:
                    raise LabError("nethv-wan hung up") from None
    if reply.get("error"):
        raise LabError(f"nethv-wan: {str(reply['error']).strip()}")
    return str(reply.get("result") or "")


def set_link(node: Node, a: str, b: str, *settings: str) -> None:
    """Changes both directions of the link between clouds 'a' and 'b'."""
    call(node, "link/set", a, b, *settings)
    call(node, "link/set", b, a, *settings)


def show(node: Node) -> list[dict[str, Any]]:
    """The state of all links, a dictionary for each direction."""
    links: list[dict[str, Any]] = json.loads(call(node, "link/show"))
    return links
