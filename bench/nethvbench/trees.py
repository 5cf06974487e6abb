# SPDX-License-Identifier: Apache-2.0
"""How long the tree of clouds and its stand-ins take to compute, without a
lab: by the program tests/tree-time of the build tree."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any, Callable

from . import BenchError
from .stats import Pair

REGIONS = Path(__file__).resolve().parents[2] / "tests/data/region-rtt.csv"
OPTIONS = {"tree-69": f"--regions={REGIONS}", "tree-254": "--clouds=254"}


def _run(program: Path, option: str) -> Pair:
    try:
        done = subprocess.run([program, option], capture_output=True,
                              text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchError(f"{program}: {error}") from error
    found: dict[str, Any] = json.loads(done.stdout)
    if not found["same"]:
        raise BenchError(f"{program} {option}: the naive way finds others")
    return found["msec"], found["naive-msec"]


def times(bindir: str | None, names: set[str], pairs: int,
          progress: Callable[[str], None]) -> dict[str, list[Pair]]:
    """Those of tree-69 and tree-254 that are in 'names'."""
    if not bindir:
        raise BenchError("tree-69 needs a build tree: --bindir")
    program = Path(bindir) / "tests" / "tree-time"
    samples: dict[str, list[Pair]] = defaultdict(list)
    for i in range(pairs):
        for name in sorted(names & set(OPTIONS)):
            samples[name].append(_run(program, OPTIONS[name]))
        progress(f"pair {i + 1} of {pairs}: " + ", ".join(
            f"{name} {ours[-1][0]:.3f}/{ours[-1][1]:.1f}"
            for name, ours in samples.items()))
    return samples
