# SPDX-License-Identifier: Apache-2.0
"""The part of doc/benchmarks.md that shows setup-n."""

from __future__ import annotations

import math
from typing import Any, Sequence

from .hosts import MODES, PARTS

Result = dict[str, Any]

# What the slope of a mode should not exceed, and the ratio to a mesh at 64.
MAX_SLOPE = {"direct": 1.15, "tree": 1.2}
MAX_RATIO = 0.2
TITLES = {"setup-n": "both", "setup-n-state": "state",
          "setup-n-tunnels": "tunnels"}

SECTION = """\
## Hosts

`setup-n`: a cloud of n hosts, each with an ovs-vswitchd, ovsdb-server and
nethv-agent of its own and one workload.  The agents run, but there is no tunnel
port and no network.  One `nethvctl --wait=hosts` sets the cloud's mode and
applies the network; it has ended, and every tunnel port is there, after so many
milliseconds.  Beside it the two parts of that, each alone: the network where the
tunnels are there (`setup-n-state`), and the tunnels without a network
(`setup-n-tunnels`).  The modes are measured in turn in the same lab; medians.
The slope is that of the time over n on logarithmic axes (least squares): 1 is
linear, 2 quadratic.

{table}

![Time to ready by hosts]({plot})

{verdict}
"""


def values(results: Sequence[Result], part: str, mode: str
           ) -> dict[int, float]:
    """Milliseconds of 'part' by the number of hosts."""
    found = {}
    for one in results:
        words = one["case"].split()
        if one["name"] == part and words[0] == mode:
            found[int(words[1])] = one["value"]
    return dict(sorted(found.items()))


def slope(times: dict[int, float]) -> float:
    """Of 'times' over their keys, on logarithmic axes, by least squares."""
    points = [(math.log(n), math.log(time)) for n, time in times.items()]
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return (sum((x - mean_x) * (y - mean_y) for x, y in points)
            / sum((x - mean_x) ** 2 for x, _ in points))


def _table(results: Sequence[Result], sizes: Sequence[int]) -> str:
    rows = ["| mode | part | " + " | ".join(f"n = {n}" for n in sizes)
            + " | slope |", "|---|---|" + "--:|" * (len(sizes) + 1)]
    for part in PARTS:
        for mode in MODES:
            times = values(results, part, mode)
            rows.append(f"| {mode} | {TITLES[part]} | " + " | ".join(
                f"{times[n]:.0f} ms" for n in sizes)
                + f" | {slope(times):.2f} |")
    return "\n".join(rows)


def _said(holds: bool) -> str:
    return "holds" if holds else "does not hold"


def _verdict(results: Sequence[Result], largest: int) -> str:
    lines = []
    for mode, most in MAX_SLOPE.items():
        found = slope(values(results, "setup-n", mode))
        lines.append(f"- slope of {mode} at most {most}: {found:.2f}, "
                     f"{_said(found <= most)}")
    for one in results:
        if one["name"] == "setup-n" and one["case"] == f"direct {largest}":
            low, high = one["spread"]
            lines.append(
                f"- direct at most {MAX_RATIO} of mesh at {largest} hosts: "
                f"{one['ratio']:.2f} ({low:.2f} to {high:.2f}, "
                f"{one['runs']} rounds), {_said(one['ratio'] <= MAX_RATIO)}")
    return "\n".join(lines)


def plot(results: Sequence[Result]) -> str:
    """The commands of gnuplot that draw the times, after a header."""
    data, curves = [], []
    for i, mode in enumerate(MODES, 1):
        data.append(f"${mode} << END\n" + "\n".join(
            f"{n} {time}" for n, time
            in values(results, "setup-n", mode).items()) + "\nEND")
        curves.append(f'${mode} using 1:2 with linespoints linewidth 2 '
                      f'pointtype {4 + 2 * i} title "{mode}"')
    return "\n".join(data) + """
set title "Time to ready by hosts"
set logscale xy 2
set xlabel "hosts"
set ylabel "ms"
set grid
set key left top
plot """ + ", ".join(curves) + "\n"


def section(results: Sequence[Result], plot_file: str) -> str:
    """The section, "" if 'results' has no setup-n."""
    sizes = list(values(results, "setup-n", MODES[0]))
    if len(sizes) < 2:
        return ""
    return SECTION.format(table=_table(results, sizes), plot=plot_file,
                          verdict=_verdict(results, sizes[-1]))
