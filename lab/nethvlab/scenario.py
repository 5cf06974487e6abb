# SPDX-License-Identifier: Apache-2.0
"""Scenario files: which clouds a lab has, their hosts, and what lies between.

See "SCENARIOS" in nethv-lab(8).
"""

from __future__ import annotations

import csv
import ipaddress
import itertools
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import LabError, generate

HERE = Path(__file__).resolve().parent.parent
SCENARIOS = HERE / "scenarios"
RTT_FILE = HERE / "cloud-rtt.csv"


@dataclass(frozen=True)
class Provider:
    """What a provider's network does."""

    mtu: int
    drops: tuple[str, ...] = ()     # IP protocols that it never passes.


PROVIDERS = {
    "aws": Provider(mtu=9001),
    "azure": Provider(mtu=1500, drops=("gre",)),
    "gcp": Provider(mtu=1460),
    "private": Provider(mtu=1500),
}
PROTOCOLS = ("gre", "udp", "icmp", "esp")


@dataclass(frozen=True)
class Host:
    """A VM: 'number' is its index in its cloud, from 1."""

    name: str
    cloud: str
    number: int
    private_ip: str
    mac: str
    public_ip: str | None           # Set for gateways.

    @property
    def gateway(self) -> bool:
        return self.public_ip is not None


@dataclass(frozen=True)
class Cloud:
    """A cloud: 'number' is nethv's id of it and its place in the file."""

    name: str
    number: int
    provider: str
    region: str | None
    jurisdiction: str | None
    subnet: ipaddress.IPv4Network
    mtu: int
    drops: tuple[str, ...]
    hosts: tuple[Host, ...]

    @property
    def router_ip(self) -> str:
        return str(self.subnet[1])

    @property
    def transit_ip(self) -> str:
        """The router's own address on the WAN."""
        return f"203.0.113.{self.number}"


@dataclass(frozen=True)
class Link:
    """A WAN link; times in ms, one way."""

    a: str
    b: str
    delay: float
    rate: str | None = None
    loss: str | None = None

    def settings(self) -> list[str]:
        """As nethv-wan(8) takes them."""
        return ([f"delay={self.delay:.3f}ms"]
                + ([f"rate={self.rate}"] if self.rate else [])
                + ([f"loss={self.loss}"] if self.loss else []))


@dataclass(frozen=True)
class Endpoint:
    """A workload: a network namespace of 'host' at the virtual port
    'port'."""

    name: str
    host: str
    port: str


@dataclass(frozen=True)
class Scenario:
    name: str
    description: str
    datapath: str
    intra: str
    firewall: bool
    clouds: tuple[Cloud, ...]
    links: tuple[Link, ...]
    endpoints: tuple[Endpoint, ...]
    networks: tuple[dict[str, Any], ...]
    document: dict[str, Any] = field(repr=False)

    @property
    def hosts(self) -> list[Host]:
        return [host for cloud in self.clouds for host in cloud.hosts]

    def cloud(self, name: str) -> Cloud:
        for cloud in self.clouds:
            if cloud.name == name:
                return cloud
        raise LabError(f"there is no cloud {name}: there is "
                       + ", ".join(c.name for c in self.clouds))

    def host(self, name: str) -> Host:
        for host in self.hosts:
            if host.name == name:
                return host
        raise LabError(f"there is no host {name}: there is "
                       + ", ".join(h.name for h in self.hosts))

    def gateways(self) -> list[Host]:
        return [host for host in self.hosts if host.gateway]

    def router(self, cloud: str) -> str:
        """The name of the node that is the router of 'cloud'."""
        return f"{cloud}-router"

    def node_names(self) -> list[str]:
        return [*(["wan"] if self.links else []),
                *(self.router(cloud.name) for cloud in self.clouds),
                *(host.name for host in self.hosts)]


# Reading.

_NAME = re.compile(r"[a-z][a-z0-9-]*")


class _Reader:
    """Takes a JSON object apart and refuses what it does not know."""

    def __init__(self, where: str, value: Any):
        if not isinstance(value, dict):
            raise LabError(f"{where}: an object is needed here, not "
                           f"{json.dumps(value)}")
        self.where = where
        self.value = dict(value)

    def take(self, key: str, kind: type | tuple[type, ...], default: Any = ...
             ) -> Any:
        if key not in self.value:
            if default is ...:
                raise LabError(f"{self.where}: \"{key}\" is missing")
            return default
        value = self.value.pop(key)
        if not isinstance(value, kind) or (isinstance(value, bool)
                                           and kind is not bool):
            raise LabError(f"{self.where}: \"{key}\" cannot be "
                           f"{json.dumps(value)}")
        return value

    def choice(self, key: str, values: Any, default: Any = ...) -> str:
        value: str = self.take(key, str, default)
        if value not in values:
            raise LabError(f"{self.where}: \"{key}\" is {value!r}: use one of "
                           f"{', '.join(values)}")
        return value

    def name(self, key: str, longest: int) -> str:
        value: str = self.take(key, str)
        if not _NAME.fullmatch(value) or len(value) > longest:
            raise LabError(f"{self.where}: {value!r} is no name: use small "
                           "letters, digits and hyphens, a letter first, at "
                           f"most {longest}")
        return value

    def done(self) -> None:
        for key in self.value:
            raise LabError(f"{self.where}: \"{key}\" is not known here")


def _read_host(reader: _Reader, cloud_number: int, cloud: str, number: int,
               subnet: ipaddress.IPv4Network) -> Host:
    name = reader.name("name", 12)
    public = reader.take("public_ip", str, None)
    if public is not None:
        try:
            public = str(ipaddress.IPv4Address(public))
        except ValueError:
            raise LabError(f"{reader.where}: {public!r} is not an IPv4 "
                           "address") from None
    address = reader.take("private_ip", str, str(subnet[9 + number]))
    if ipaddress.ip_address(address) not in subnet:
        raise LabError(f"{reader.where}: {address} is not in {subnet}")
    reader.done()
    mac = f"0a:00:{cloud_number:02x}:00:{number >> 8:02x}:{number & 255:02x}"
    return Host(name, cloud, number, address, mac, public)


def _read_cloud(where: str, value: Any, number: int) -> Cloud:
    reader = _Reader(where, value)
    name = reader.name("name", 12)
    where = f"cloud {name}"
    reader.where = where
    provider = reader.choice("provider", PROVIDERS)
    defaults = PROVIDERS[provider]
    try:
        subnet = ipaddress.IPv4Network(reader.take("subnet", str,
                                                   "10.0.0.0/24"))
    except ValueError as error:
        raise LabError(f"{where}: \"subnet\": {error}") from None
    drops = tuple(reader.take("drops", list, list(defaults.drops)))
    if set(drops) - set(PROTOCOLS):
        raise LabError(f"{where}: \"drops\" lists some of "
                       f"{', '.join(PROTOCOLS)}")
    hosts = tuple(
        _read_host(_Reader(f"{where}, host {i}", host), number, name, i,
                   subnet)
        for i, host in enumerate(reader.take("hosts", list), 1))
    cloud = Cloud(name, number, provider, reader.take("region", str, None),
                  reader.take("jurisdiction", str, None), subnet,
                  reader.take("mtu", int, defaults.mtu), drops, hosts)
    reader.done()
    if not 1280 <= cloud.mtu <= 9216:
        raise LabError(f"{where}: an MTU is 1280 to 9216, not {cloud.mtu}")
    if not any(host.gateway for host in hosts):
        raise LabError(f"{where}: no host of it has a public_ip, so it has no "
                       "gateway")
    return cloud


def region_rtt(a: str, b: str) -> float:
    """The round-trip time between regions 'a' and 'b' in ms: the mean of both
    directions, of which either may be missing."""
    with RTT_FILE.open(encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file
                              if not line.startswith("#"))
        found = [float(row["avg_rtt"]) for row in rows
                 if {row["src_region"], row["dst_region"]} == {a, b}]
    if not found:
        raise LabError(f"{RTT_FILE.name} has no time between {a} and {b}: "
                       "give the link an \"rtt\"")
    return sum(found) / len(found)


def _read_links(values: list[Any], clouds: tuple[Cloud, ...]
                ) -> tuple[Link, ...]:
    given: dict[frozenset[str], _Reader] = {}
    for value in values:
        reader = _Reader("link", value)
        between = frozenset(reader.take("between", list))
        if len(between) != 2 or between - {c.name for c in clouds}:
            raise LabError("link: \"between\" names two clouds of this file")
        reader.where = f"link {'-'.join(sorted(between))}"
        given[between] = reader
    links = []
    for a, b in itertools.combinations(clouds, 2):
        reader = given.get(frozenset((a.name, b.name)), _Reader("link", {}))
        rtt = reader.take("rtt", (int, float), None)
        if rtt is None:
            if not a.region or not b.region:
                raise LabError(f"link {a.name}-{b.name}: give it an \"rtt\", "
                               "or both clouds a \"region\"")
            rtt = region_rtt(a.region, b.region)
        links.append(Link(a.name, b.name, rtt / 2,
                          reader.take("rate", str, None),
                          reader.take("loss", str, None)))
        reader.done()
    return tuple(links)


def _read_endpoint(value: Any) -> Endpoint:
    reader = _Reader("endpoint", value)
    endpoint = Endpoint(reader.name("name", 12), reader.take("host", str),
                        reader.take("port", str))
    reader.done()
    return endpoint


def _check_unique(what: str, values: list[str]) -> None:
    seen = set()
    for value in values:
        if value in seen:
            raise LabError(f"{what} {value} is there twice")
        seen.add(value)


def parse(document: Any) -> Scenario:
    """The scenario in 'document', a parsed JSON file."""
    reader = _Reader("scenario", document)
    if reader.take("nethv-lab", int) != 1:
        raise LabError("scenario: \"nethv-lab\" must be 1")
    clouds = tuple(_read_cloud(f"cloud {i}", cloud, i) for i, cloud
                   in enumerate(reader.take("clouds", list), 1))
    scenario = Scenario(
        reader.name("name", 32), reader.take("description", str, ""),
        reader.choice("datapath", ("netdev", "system"), "netdev"),
        reader.choice("intra", ("direct", "tree", "mesh"), "direct"),
        reader.take("firewall", bool, True), clouds,
        _read_links(reader.take("links", list, []), clouds),
        tuple(map(_read_endpoint, reader.take("endpoints", list, []))),
        tuple(reader.take("networks", list, [])), document)
    reader.done()
    if not clouds or len(clouds) > 254:
        raise LabError("scenario: 1 to 254 clouds are needed")
    _check_unique("cloud", [cloud.name for cloud in clouds])
    _check_unique("machine", scenario.node_names()
                  + [endpoint.name for endpoint in scenario.endpoints])
    _check_unique("public address",
                  [host.public_ip for host in scenario.gateways()
                   if host.public_ip])
    for endpoint in scenario.endpoints:
        scenario.host(endpoint.host)
    return scenario


def load(source: str, *numbers: int) -> Scenario:
    """The scenario of the file 'source', or the shipped one of that name, or
    "scale" with 'numbers'."""
    if source == "scale" and 1 <= len(numbers) <= 2:
        return parse(generate.scale(*numbers))
    if source == "scale":
        raise LabError("scale: give the number of hosts in a cloud, and of "
                       "clouds if more than one: scale N [CLOUDS]")
    if numbers:
        raise LabError(f"{source}: only scale takes numbers")
    path = Path(source)
    if "/" not in source and not source.endswith(".json"):
        path = SCENARIOS / f"{source}.json"
        if not path.exists():
            shipped = sorted(p.stem for p in SCENARIOS.glob("*.json"))
            raise LabError(f"there is no scenario {source}: name a file, or "
                           f"one of {', '.join(shipped)}, scale N")
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise LabError(f"{path}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise LabError(f"{path}:{error.lineno}:{error.colno}: not JSON: "
                       f"{error.msg}") from error
    except LabError as error:
        raise LabError(f"{path}: {error}") from None
