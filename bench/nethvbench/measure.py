# SPDX-License-Identifier: Apache-2.0
"""What is measured, pair after pair."""

from __future__ import annotations

import itertools
import json
import re
import statistics
import subprocess
import time
from collections import defaultdict
from typing import Callable, Iterator, Sequence

from . import BenchError
from .gre import Gre
from .site import HOSTS, N_PORTS, WORKLOADS, Nethv, Ovn, Site
from .stats import Pair

# Of each pair: what the machine does besides changes within fractions of a
# second, so the sides are measured in many short turns.  Measured on a busy
# machine with two sides that are the same: for the same time a third to a half
# of the variance of few turns of a second.
TURNS = {"tcp": 12, "rtt": 20}
TCP_BYTES = "16M"
PINGS = 10
# On a machine that is busy with other things a ping may get lost.
REHEARSALS = 5

Progress = Callable[[str], None]


def _turns(n: int, sides: Sequence[str]) -> Iterator[Sequence[str]]:
    """The order of 'sides', 'n' times: who is first takes turns."""
    orders = itertools.cycle([sides, sides[::-1]])
    return itertools.islice(orders, n)


def _check(site: Site, n: int) -> None:
    missing = site.unreached(WORKLOADS[:n])
    if missing:
        raise BenchError(f"{site.system} says that it is ready, but "
                         + "; ".join(missing))


def _change(site: Site) -> dict[str, float]:
    measured = {"setup-20": site.add().ms}
    time.sleep(0.3)
    measured["setup-one-more"] = site.add_one().ms
    measured["agent-memory"] = site.memory()
    return measured


def _rehearse(site: Site) -> None:
    """Once through all, and "ready" must be true: a ping between any two as
    soon as the system says so."""
    for i in range(REHEARSALS):
        # The first time only fills neighbour caches of the hosts.
        site.add()
        missing = site.unreached(WORKLOADS[:N_PORTS])
        site.add_one()
        site.remove()
        time.sleep(0.5)
        if i and not missing:
            return
    raise BenchError(f"{site.system} says that it is ready, but "
                     + "; ".join(missing))


def changes(nethv: Nethv, peers: dict[str, Ovn], pairs: int,
            progress: Progress) -> dict[str, list[Pair]]:
    """setup-20, setup-one-more and agent-memory, against each of 'peers', whose
    keys are appended to these names."""
    sites: dict[str, Site] = {"nethv": nethv, **peers}
    for site in sites.values():
        _rehearse(site)
        progress(f"{site.system}: ready means that any two reach each other")
    samples: dict[str, list[Pair]] = defaultdict(list)
    for i, order in enumerate(_turns(pairs, list(sites)), 1):
        measured = {}
        for side in order:
            measured[side] = _change(sites[side])
            sites[side].remove()
            time.sleep(0.3)
        for name, value in measured["nethv"].items():
            for peer in peers:
                samples[name + peer].append((value, measured[peer][name]))
        progress(f"pair {i} of {pairs}: " + ", ".join(
            f"{name} {ours[-1][0]:.1f}/{ours[-1][1]:.1f}"
            for name, ours in samples.items()))
    return samples


# The first answer: from a workload of each host to one of another; and to the
# last workload, from another host.

_ROUND = tuple(zip(WORKLOADS[:len(HOSTS)], WORKLOADS[1:len(HOSTS) + 1]))
_TO_LAST = tuple((one, WORKLOADS[-1]) for one in WORKLOADS[:len(HOSTS)]
                 if one.host != WORKLOADS[-1].host)[:1]


def reach(nethv: Nethv, ovn: Ovn, pairs: int, progress: Progress
          ) -> dict[str, list[Pair]]:
    """reach-20 and reach-one-more."""
    sites: dict[str, Site] = {"nethv": nethv, "ovn": ovn}
    samples: dict[str, list[Pair]] = defaultdict(list)
    for i, order in enumerate(_turns(pairs, list(sites)), 1):
        measured = {}
        for side in order:
            site = sites[side]
            all_of_them = site.answered(_ROUND, site.add)
            time.sleep(0.3)
            measured[side] = {
                "reach-20": all_of_them,
                "reach-one-more": site.answered(_TO_LAST, site.add_one)}
            site.remove()
            time.sleep(0.3)
        for name, value in measured["nethv"].items():
            samples[name].append((value, measured["ovn"][name]))
        progress(f"pair {i} of {pairs}: " + ", ".join(
            f"{name} {ours[-1][0]:.1f}/{ours[-1][1]:.1f}"
            for name, ours in samples.items()))
    return samples


# Traffic: from one workload to another of another host.

def _rtt(site: Site, source: str, ip: str) -> float:
    """Microseconds of a round trip, the median of a few."""
    output = site.run(source, "ping", "-n", "-i", "0.01", "-c", str(PINGS),
                      ip)
    times = [float(ms) for ms in re.findall(r"time=([\d.]+) ms", output)]
    if len(times) < PINGS * 0.9:
        raise BenchError(f"{len(times)} of {PINGS} pings answered on "
                         f"{source}")
    return 1000 * statistics.median(times)


def _tcp(site: Site, source: str, ip: str) -> float:
    """Mbit/s of one TCP connection, as received.  With Linux's default
    congestion control, whatever this machine's is: under BBR a quarter of the
    segments get lost before Open vSwitch reads them, on any path."""
    for _ in range(20):
        report = json.loads(site.run(source, "iperf3", "-c", ip, "-n",
                                     TCP_BYTES, "-C", "cubic", "-J"))
        if "error" not in report:
            bits: float = report["end"]["sum_received"]["bits_per_second"]
            return bits / 1e6
        time.sleep(0.1)     # The server may not be done with the last one.
    raise BenchError(f"iperf3 on {source}: {report['error']}")


MEASURES: dict[str, Callable[[Site, str, str], float]] = {
    "tcp": _tcp, "rtt": _rtt}
Path = tuple[Site, str, str, str]           # Site, source, target, its IP.


def _overlay(site: Site) -> Path:
    source, target = (next(one for one in WORKLOADS if one.host == host)
                      for host in ("h2", "h3"))
    return (site, f"h2/{source.name}", f"h3/{target.name}", target.ip)


def traffic(nethv: Nethv, ovn: Ovn | None, gre: Gre | None, kinds: list[str],
            pairs: int, progress: Progress) -> dict[str, list[Pair]]:
    """The 'kinds', "tcp" and "rtt", against those of the peers that are
    there; "tcp-ovn" and "rtt-ovn" are the names of those against OVN."""
    paths = {"nethv": _overlay(nethv)}
    if gre:
        paths["gre"] = (nethv, gre.source, gre.target, gre.target_ip)
    if ovn:
        paths["ovn"] = _overlay(ovn)
    for site in [nethv] + ([ovn] if ovn else []):
        site.add()
        _check_twice(site)
    servers = [site.lab.popen(target, ["iperf3", "-s"],
                              stdout=subprocess.DEVNULL)
               for site, _, target, _ in paths.values()]
    try:
        return _traffic_pairs(paths, kinds, pairs, progress)
    finally:
        for server in servers:
            server.kill()
            server.wait()
        for site in [nethv] + ([ovn] if ovn else []):
            site.remove()


def _check_twice(site: Site) -> None:
    site.unreached(WORKLOADS[:N_PORTS])     # Fills neighbour caches.
    _check(site, N_PORTS)


def _median_turns(kind: str, paths: dict[str, Path], first: Sequence[str]
                  ) -> dict[str, float]:
    """The median of each side's turns, with the order 'first' in the first of
    them."""
    found: dict[str, list[float]] = defaultdict(list)
    for order in _turns(TURNS[kind], first):
        for side in order:
            site, source, _, ip = paths[side]
            found[side].append(MEASURES[kind](site, source, ip))
    return {side: statistics.median(values) for side, values in found.items()}


def _traffic_pairs(paths: dict[str, Path], kinds: list[str], pairs: int,
                   progress: Progress) -> dict[str, list[Pair]]:
    samples: dict[str, list[Pair]] = defaultdict(list)
    for i, order in enumerate(_turns(pairs, list(paths)), 1):
        lines = []
        for kind in kinds:
            measured = _median_turns(kind, paths, order)
            for side in paths:
                if side != "nethv":
                    name = kind if side == "gre" else f"{kind}-{side}"
                    samples[name].append((measured["nethv"], measured[side]))
            lines.append(f"{kind} " + ", ".join(
                f"{side} {measured[side]:.0f}" for side in paths))
        progress(f"pair {i} of {pairs}: " + "; ".join(lines))
    return samples
