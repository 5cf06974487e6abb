# SPDX-License-Identifier: Apache-2.0
"""nethv on the machines of a lab, set up by the commands that an operator
would type there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import LabError
from .host import NIC, Process
from .scenario import PROVIDERS, Cloud, Endpoint, Host

if TYPE_CHECKING:
    from .lab import Lab


def _daemon(service: str, pidfile: str) -> Process:
    return Process(f"/run/nethv/{pidfile}.pid",
                   ("nethv-ctl", f"start-{service}"))


PROCESSES = {
    "database": _daemon("database", "nethv-db"),
    "relay": _daemon("relay", "nethv-relay"),
    "gateway": _daemon("gateway", "nethv-gateway"),
    "agent": _daemon("agent", "nethv-agent"),
}


def processes_of(lab: Lab, host: Host) -> list[str]:
    """The names of nethv's processes that 'host' should run."""
    first = host.name == first_gateway(lab).name
    return ((["database"] if first else [])
            + (["relay", "gateway"] if host.gateway else []) + ["agent"])


def first_gateway(lab: Lab) -> Host:
    """The host with the database, where the operator sits."""
    return lab.scenario.gateways()[0]


def ctl(lab: Lab, *arguments: str, timeout: float = 60) -> str:
    """Runs nethvctl on the first gateway and returns its output."""
    return lab.run(first_gateway(lab).name, ["nethvctl", *arguments],
                   timeout=timeout).stdout


# Clouds and hosts.

def _datapath(lab: Lab, host: Host) -> list[str]:
    """How 'host' is told its datapath."""
    words = ["--datapath", lab.datapath(host.name)]
    if (lab.datapath(host.name) == "netdev"
            and not lab.state.options.get("lab_uplink")):
        words += ["--uplink", NIC]
    return words


def _describe(cloud: Cloud) -> list[str]:
    words = ["--provider", cloud.provider]
    if cloud.jurisdiction:
        words += ["--jurisdiction", cloud.jurisdiction]
    if cloud.mtu != PROVIDERS[cloud.provider].mtu:
        words += ["--mtu", str(cloud.mtu)]
    return words


def init(lab: Lab) -> None:
    """The first gateway: CA, database, first cloud."""
    host = first_gateway(lab)
    cloud = lab.scenario.cloud(host.cloud)
    ctl(lab, "init", "--cloud", cloud.name, "--public-ip", str(host.public_ip),
        *_describe(cloud), "--mode", lab.scenario.intra, *_datapath(lab, host))
    for other in cloud.hosts:
        if other.gateway and other is not host:
            ctl(lab, "add", "cloud", cloud.name, "public_ips",
                str(other.public_ip))


def add_clouds(lab: Lab) -> None:
    """The other clouds, and the round-trip times between all of them."""
    for cloud in lab.scenario.clouds:
        if cloud.name != first_gateway(lab).cloud:
            public = ",".join(str(host.public_ip) for host in cloud.hosts
                              if host.gateway)
            ctl(lab, "cloud-add", cloud.name, "--public-ip", public,
                *_describe(cloud), "--mode", lab.scenario.intra)
    set_round_trips(lab)


def _table(lab: Lab, table: str, columns: str) -> list[list[Any]]:
    text = ctl(lab, "--format=json", f"--columns={columns}", "list", table)
    rows: list[list[Any]] = json.loads(text)["data"]
    return rows


def set_round_trips(lab: Lab) -> None:
    """Writes what would be measured into the database's candidate links, in
    place of the gateways: on a busy machine their trees would waver."""
    names = {uuid[1]: name for uuid, name
             in _table(lab, "Cloud", "_uuid,name")}
    times = {frozenset((link.a, link.b)): 2 * link.delay
             for link in lab.scenario.links}
    words = ["set", "Global", ".", "options:probe=false"]
    for uuid, a, b in _table(lab, "Cloud_Link", "_uuid,a,b"):
        rtt = times[frozenset((names[a[1]], names[b[1]]))]
        words += ["--", "set", "Cloud_Link", uuid[1], f"rtt={rtt:.3f}"]
    ctl(lab, *words)


def join(lab: Lab, host: Host) -> None:
    """Lets 'host' join, with a token for it alone."""
    token = ctl(lab, "host-token", host.cloud,
                *(["--gateway"] if host.gateway else [])).strip()
    lab.run(host.name, ["nethv-agent", "join", token, *_datapath(lab, host)])


def firewall(lab: Lab, cloud: Cloud) -> list[str]:
    """What `nethvctl firewall` lists for 'cloud', as rules of nftables."""
    text = ctl(lab, "firewall", cloud.name, "--format=nft",
               f"--inside={cloud.subnet}")
    return re.findall(r"^ +(ip saddr .* accept\b.*)$", text, re.M)


def open_firewalls(lab: Lab) -> None:
    """Lets into each cloud what nethvctl says must be let in now."""
    if lab.scenario.firewall:
        for cloud in lab.scenario.clouds:
            lab.set_firewall(cloud.name, firewall(lab, cloud))


# Networks.

def apply(lab: Lab, document: dict[str, Any]) -> None:
    """Applies a tenant's document and waits until the hosts have it."""
    gateway = first_gateway(lab)
    # A private directory of the node's.
    path = "/var/lib/nethv/lab-document.json"
    Path(lab.node(gateway.name).path(path)).write_text(
        json.dumps(document), encoding="utf-8")
    try:
        ctl(lab, "--wait=hosts", "--timeout=30", "apply", path)
    finally:
        Path(lab.node(gateway.name).path(path)).unlink()


def attach(lab: Lab, endpoint: Endpoint) -> None:
    """Makes the workload 'endpoint' and plugs it into its virtual port."""
    lab.run(endpoint.host, ["ip", "netns", "add", endpoint.name])
    lab.run(endpoint.host, ["nethv-agent", "attach", endpoint.port, "--netns",
                            endpoint.name, "--ip"])


def check(lab: Lab) -> None:
    """Refuses before anything is made what would fail for want of nethv."""
    for program in ("nethvctl", "nethv-agent", "nethv-gateway", "nethv-ctl"):
        lab.programs.find(program)
    for document in lab.scenario.networks:
        if document.get("nethv") != 1:
            raise LabError('scenario: "networks" lists tenants\' documents, '
                           'which begin with "nethv": 1')
