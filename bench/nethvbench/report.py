# SPDX-License-Identifier: Apache-2.0
"""results.json, the page of it, and its plots."""

from __future__ import annotations

import json
import math
import os
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

from . import BenchError, hosts_page
from .hosts import PARTS as HOSTS
from .stats import Pair, compare

Result = dict[str, Any]


@dataclass(frozen=True)
class Benchmark:
    """A name of results.json."""

    name: str
    case: str
    unit: str
    peer: str
    aim: tuple[float, float] | None     # In which the ratio should lie.
    says: str                           # What is measured, for a reader.


NAIVE = "Processor time of the tree and its stand-ins (`lib/tree`), against " \
    "the naive way, which must find the same: the tree computed anew for each " \
    "edge and each cloud taken out (`tests/tree-time`). Clouds are "
SETUP = "A virtual switch with 20 ports, whose workloads are plugged into " \
    "three hosts already, from the command's first instruction to its end: "
FOLLOW = "A real ovsdb-server, the global controller and 200 agents, without " \
    "Open vSwitch (`tests/agents`), in a system of 3,000 endpoints: "
BENCHMARKS = (
    Benchmark("setup-20", "20 endpoints on 3 hosts", "ms", "OVN", (0, 0.5),
              SETUP + "`nethvctl --wait=hosts apply` against `ovn-nbctl "
              "--wait=hv`."),
    Benchmark("setup-one-more", "1 endpoint more", "ms", "OVN", (0, 0.5),
              "One more port of that switch, the same two commands."),
    Benchmark("setup-20-tls", "20 endpoints on 3 hosts", "ms", "OVN, TLS",
              None, "The same as `setup-20`, but OVN's hosts speak TLS with "
              "its southbound database, as nethv's do with theirs."),
    Benchmark("setup-one-more-tls", "1 endpoint more", "ms", "OVN, TLS", None,
              "One more port, against OVN over TLS."),
    Benchmark("reach-20", "20 endpoints on 3 hosts", "ms", "OVN", (0, 0.5),
              "The same two commands as in `setup-20`, until packets pass: "
              "from the command's first instruction until a workload of each "
              "host has had an answer from another host, to pings that go on "
              "all the time, every 2 ms.  OVN says that it is ready before "
              "the hosts have told each other where the ports are; nethv "
              "after that."),
    Benchmark("reach-one-more", "1 endpoint more", "ms", "OVN", (0, 0.5),
              "One more port, until it answers another host."),
    Benchmark("agent-memory", "20 endpoints on 3 hosts", "MiB", "OVN", None,
              "Resident memory of `nethv-agent` and of `ovn-controller`, the "
              "mean of the hosts, with the ports in place."),
    Benchmark("tcp", "two hosts of a cloud", "Mbit/s", "GRE, NORMAL",
              (0.97, math.inf), "One TCP connection between workloads of two "
              "hosts, against a bridge with a GRE port and the action NORMAL "
              "on the same hosts."),
    Benchmark("rtt", "two hosts of a cloud", "µs", "GRE, NORMAL",
              (0, 1.03), "The round trip of a ping, every 10 ms, on the "
              "same two ways."),
    Benchmark("tcp-ovn", "two hosts of a cloud", "Mbit/s", "OVN, Geneve",
              None, "The same against OVN."),
    Benchmark("rtt-ovn", "two hosts of a cloud", "µs", "OVN, Geneve", None,
              "The same against OVN."),
    Benchmark("change-cost", "1 endpoint more at 100,000", "µs CPU",
              "1 more at 1,000", (0, 2),
              "One endpoint more in a system of 200 clouds and 1,000 hosts "
              "whose networks have ten endpoints in three clouds each: the "
              "time of the global controller's model, of the gateway that "
              "relays most and of a host, until the changed rules are there; "
              "median of 1,000 additions, from port to the last confirmation. "
              "The production code, without Open vSwitch and database "
              "(`tests/scale`)."),
    Benchmark("change-rules", "1 endpoint more at 100,000", "rows",
              "1 more at 1,000", (0, 2),
              "The same: rows of the model whose rules are computed anew."),
    Benchmark("follow", "10 endpoints, 200 agents", "ms",
              "beside 300 endpoints", (0, 2), FOLLOW + "a network of ten "
              "endpoints in three clouds, from `nethvctl --wait=hosts apply` "
              "to its end."),
    Benchmark("follow-one-more", "1 endpoint more, 200 agents", "ms",
              "beside 300 endpoints", (0, 2), FOLLOW + "one endpoint more of "
              "that network."),
    Benchmark("follow-server", "11 endpoints come and go, 200 agents",
              "ms CPU", "beside 300 endpoints", (0, 2), FOLLOW + "what both, "
              "and the removal, cost the database's server."),
    Benchmark("heal", "8 clouds, an edge of the tree cut", "ms",
              "60 ms", (0, 1), "From the first port status with which Open "
              "vSwitch tells of the cut, at either end, to the first probe "
              "that arrives, beyond the one-way delay; of both directions the "
              "slower one.  Probes every 5 ms, and floods, in the lab's eight "
              "clouds; each edge in turn.  What is wanted takes the place of "
              "a peer: there is none."),
    Benchmark("setup-n", "", "ms", "mesh of as many hosts", None,
              "See \"Hosts\"."),
    Benchmark("setup-n-state", "", "ms", "mesh of as many hosts", None,
              "The network alone."),
    Benchmark("setup-n-tunnels", "", "ms", "mesh of as many hosts", None,
              "The tunnels alone."),
    Benchmark("tree-69", "69 clouds, 2,346 candidates", "ms CPU",
              "the naive way", (0, 1), NAIVE + "69 regions of three "
              "providers with the round-trip times between them."),
    Benchmark("tree-254", "254 clouds, 32,131 candidates", "ms CPU",
              "the naive way", (0, 1), NAIVE + "points in a square."),
)
BY_NAME = {one.name: one for one in BENCHMARKS}


def machine() -> str:
    """The machine in a line."""
    info = Path("/proc/cpuinfo").read_text("utf-8", errors="replace")
    model = re.search(r"^model name\s*:\s*(.*)$", info, re.M)
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    return (f"{os.cpu_count()} x {model[1] if model else platform.machine()}, "
            f"Linux {platform.release()}, {release}")


def result(name: str, pairs: Sequence[Pair], case: str = "") -> Result:
    """The entry of results.json for 'pairs' of benchmark 'name', with 'case' if
    it has several."""
    one, found = BY_NAME[name], compare(pairs)
    return {"name": name, "case": case or one.case, "value": round(found.value, 3),
            "unit": one.unit, "peer": one.peer,
            "peer_value": round(found.peer_value, 3),
            "ratio": round(found.ratio, 4),
            "spread": [round(end, 4) for end in found.spread],
            "runs": found.runs, "machine": machine()}


def merge(path: Path, new: Sequence[Result]) -> list[Result]:
    """Writes 'new' into the file 'path', in place of what it has of the same
    names, and returns all that is there now."""
    try:
        old: list[Result] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        old = []
    except json.JSONDecodeError as error:
        raise BenchError(f"{path}:{error.lineno}: not JSON: {error.msg}; "
                         "remove it") from error
    kept = [one for one in old
            if one["name"] not in {other["name"] for other in new}]
    order = [one.name for one in BENCHMARKS]
    results = sorted([*kept, *new], key=lambda one: (
        order.index(one["name"]) if one["name"] in order else len(order),
        one["name"]))
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n",
                    "utf-8")
    return results


# The page.

def _aim(name: str) -> str:
    aim = BY_NAME[name].aim if name in BY_NAME else None
    if not aim:
        return ""
    low, high = aim
    return f"at least {low:g}" if high == math.inf else f"at most {high:g}"


def _verdict(one: Result) -> str:
    aim = BY_NAME[one["name"]].aim if one["name"] in BY_NAME else None
    if not aim:
        return ""
    low, high = one["spread"]
    if aim[0] <= low and high <= aim[1]:
        return "yes"
    if high < aim[0] or low > aim[1]:
        return "no"
    return ("yes" if aim[0] <= one["ratio"] <= aim[1] else "no") \
        + ", within the noise"


def _factor(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def _table(results: Sequence[Result]) -> str:
    rows = ["| name | case | nethv | peer | ratio | 95 % interval | wanted "
            "| met | pairs |", "|---|---|--:|--:|--:|--:|---|---|--:|"]
    for one in results:
        low, high = one["spread"]
        rows.append(
            f"| `{one['name']}` | {one['case']} | {one['value']:.4g} "
            f"{one['unit']} | {one['peer_value']:.4g} {one['unit']} "
            f"({one['peer']}) | {_factor(one['ratio'])} "
            f"| {_factor(low)} to {_factor(high)} "
            f"| {_aim(one['name'])} | {_verdict(one)} | {one['runs']} |")
    return "\n".join(rows)


HOSTS_PLOT = "benchmark-hosts.svg"
PAGE = """\
<!-- SPDX-License-Identifier: Apache-2.0 -->
# Benchmarks

Written by `./quickstart bench`; `./quickstart bench NAME...` measures some of
them again.  The figures are in `bench/results.json`.

A benchmark is a ratio: nethv and a peer on the same machine, in the same run,
in turn, pair after pair.  The values are medians; the interval is that of the
ratio of the medians (bootstrap over the pairs).  Absolute figures are those of
virtual hosts that share the few cores of one machine, with Open vSwitch's
userspace datapath: only the ratios say something about nethv.

{table}

![Ratios](benchmark-ratios.svg)

{plots}
## What is measured

{what}

{hosts}
## Labs

All but `change-*`, `follow*`, `heal`, `setup-n` and `tree-*` in a
private cloud of three hosts in
`nethv-lab`, each with namespaces, ovsdb-server and ovs-vswitchd of its own.  The second lab, for OVN, is of the
same kind; it has ovn-northd and both of its databases on the first host, and
plain TCP between them and the hosts, where nethv has TLS (in the
third, for `*-tls`, OVN has TLS too).  Before
anything is timed both systems must show that "ready" is true: as soon as the
command returns any two workloads reach each other with their first ping.  All
workloads have an MTU of {mtu}; neither side checks addresses at their ports.

## Machine

{machines}
"""


def write_page(doc: Path, results: Sequence[Result], mtu: int) -> None:
    """Writes benchmarks.md and its plots into the folder 'doc'."""
    by_hosts = [one for one in results if one["name"] in HOSTS]
    hosts = hosts_page.section(by_hosts, HOSTS_PLOT)
    if hosts:
        _gnuplot(HEAD.format(file=doc / HOSTS_PLOT, height=420)
                 + hosts_page.plot(by_hosts))
    everything = results
    results = [one for one in results if one not in by_hosts]
    plots = _plot_all(doc, results)
    what = "\n".join(f"- `{one['name']}`: {BY_NAME[one['name']].says}"
                     for one in results if one["name"] in BY_NAME)
    by_machine: dict[str, list[str]] = {}
    for one in everything:
        by_machine.setdefault(one["machine"], []).append(one["name"])
    machines = "\n".join(f"- {name}: {', '.join(dict.fromkeys(names))}"
                         for name, names in by_machine.items())
    (doc / "benchmarks.md").write_text(PAGE.format(
        table=_table(results), what=what, machines=machines, mtu=mtu,
        hosts=hosts,
        plots="".join(f"![{title}]({file})\n\n" for title, file in plots)),
        "utf-8")


# Plots.

def _gnuplot(script: str) -> None:
    try:
        subprocess.run(["gnuplot", "-"], input=script, text=True, check=True,
                       capture_output=True)
    except FileNotFoundError as error:
        raise BenchError("gnuplot is not there: apt install gnuplot-nox"
                         ) from error
    except subprocess.CalledProcessError as error:
        raise BenchError(f"gnuplot: {error.stderr.strip()}") from error


# Escapes would depend on gnuplot's enhanced mode: it is off.
HEAD = """\
set terminal svg noenhanced size 800,{height} dynamic background rgb "white" \\
    font "sans-serif,13"
set output "{file}"
set border 3
set tics nomirror
"""


def _plot_ratios(file: Path, results: Sequence[Result]) -> None:
    lines, bands = [], []
    for i, one in enumerate(results):
        y = len(results) - i
        low, high = one["spread"]
        lines.append(f'{one["ratio"]} {y} {low} {high} "{one["name"]}"')
        aim = BY_NAME[one["name"]].aim if one["name"] in BY_NAME else None
        if aim:
            bands.append(f"set object rectangle from {aim[0]},{y - 0.35} to "
                         f"{min(aim[1], 9)},{y + 0.35} fillcolor rgb '#cfe8cf' "
                         "fillstyle solid noborder behind")
    right = max(1.2, *(one["spread"][1] * 1.05 for one in results))
    _gnuplot(HEAD.format(file=file, height=120 + 34 * len(results))
             + "\n".join(bands) + f"""
$data << END
{chr(10).join(lines)}
END
set title "nethv / peer, with 95 % interval (green: wanted)"
set xrange [0:{right}]
set yrange [0.4:{len(results) + 0.6}]
set arrow from 1,0.4 to 1,{len(results) + 0.6} nohead dashtype 2
unset key
plot $data using 1:2:3:4:ytic(5) with xerrorbars linewidth 2 \\
    pointtype 7 linecolor rgb '#1f4e8c'
""")


def _plot_values(file: Path, title: str, results: Sequence[Result]) -> None:
    rows = "\n".join(f'"{one["name"]}" {one["value"]} {one["peer_value"]} '
                     f'"{one["peer"]}"' for one in results)
    _gnuplot(HEAD.format(file=file, height=360) + f"""
$data << END
{rows}
END
set title "{title}"
set ylabel "{results[0]["unit"]}"
set style data histograms
set style histogram clustered gap 2
set style fill solid border -1
set boxwidth 0.9
set yrange [0:*]
set key outside right top
set grid ytics
plot $data using 2:xtic(1) title "nethv" linecolor rgb '#1f4e8c', \\
     $data using 3 title "peer" linecolor rgb '#d9a441', \\
     $data using ($0 + 0.2):3:4 with labels offset 0,0.7 notitle
""")


def _plot_all(doc: Path, results: Sequence[Result]) -> list[tuple[str, str]]:
    """Makes the plots, and returns title and file of those of values."""
    _plot_ratios(doc / "benchmark-ratios.svg", results)
    plots = []
    for unit, title, name in (("ms", "Time to ready", "setup"),
                              ("Mbit/s", "TCP", "tcp"),
                              ("µs", "Round trip", "rtt"),
                              ("MiB", "Memory of the agent", "memory")):
        chosen = [one for one in results if one["unit"] == unit]
        if chosen:
            file = f"benchmark-{name}.svg"
            _plot_values(doc / file, title, chosen)
            plots.append((title, file))
    return plots
