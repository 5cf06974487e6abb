# SPDX-License-Identifier: Apache-2.0
"""How long traffic between two clouds is interrupted when their edge of the tree
is cut, from when Open vSwitch has seen it: in the lab's eight clouds, with
probes every 5 ms and floods beside them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Callable

from nethvlab import lab as labs, scenario

from .stats import Pair

# What the tests measure by.
sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "system"))


def changes(bindir: str | None, pairs: int, progress: Callable[[str], None]
            ) -> dict[str, list[Pair]]:
    """heal: milliseconds beyond the one-way delay, of the slower direction,
    against those wanted."""
    import healing          # Not in all places there is a tree with tests.

    name = f"bench-heal-{os.getpid()}"
    found: list[Pair] = []
    lab = labs.up(scenario.parse(healing.SCENARIO), name,
                  labs.Options(bindir), lambda line: None)
    try:
        healing.wait_ready(lab)
        progress(f"lab of eight clouds is up; {pairs} cuts")
        for i in range(pairs):
            tree = sorted(healing.edges(lab))
            found.append(_cut(lab, healing, tree[i % len(tree)], progress))
            healing.wait_rested(lab, 90)
    finally:
        labs.down(name)
    return {"heal": found}


def _cut(lab, healing, edge, progress) -> Pair:
    a, b = healing.pair_of(*edge)
    ways = [(a, b), (b, a)]
    with healing.probe(lab) as probes:
        for source, target in ways:
            probes.send(source, target)
            probes.send(source, None, 0.02)
        healing.wait_flowing(probes, ways)
        times, detected = healing.cut_and_time(lab, probes, [edge], ways)
    late = 1000 * max(taken - way for taken, way in times)
    progress(f"{'-'.join(edge)}: detected in {1000 * detected:.0f} ms, then "
             f"{late:.0f} ms beyond the one-way delay")
    return late, 1000 * healing.BOUND
