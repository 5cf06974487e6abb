# SPDX-License-Identifier: Apache-2.0
"""What a change costs in a small and in a large system, without a lab: by the
program tests/scale of the build tree."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any, Callable

from . import BenchError
from .stats import Pair

ADDITIONS = 1000
NETWORKS = (10000, 100)             # Of 10 endpoints each.


def _run(program: Path, networks: int) -> dict[str, Any]:
    try:
        done = subprocess.run(
            [program, f"--networks={networks}", f"--additions={ADDITIONS}"],
            capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchError(f"{program}: {error}") from error
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _sum(found: dict[str, Any], what: str) -> float:
    """Of the parties, the mean of both kinds of additions."""
    kinds = found["additions"].values()
    return float(sum(party[what] for kind in kinds
                     for party in kind.values())) / len(kinds)


def changes(bindir: str | None, pairs: int, progress: Callable[[str], None]
            ) -> dict[str, list[Pair]]:
    """change-cost and change-rules."""
    if not bindir:
        raise BenchError("change-cost needs a build tree: --bindir")
    program = Path(bindir) / "tests" / "scale"
    samples: dict[str, list[Pair]] = defaultdict(list)
    for i in range(pairs):
        order = NETWORKS if i % 2 else NETWORKS[::-1]
        found = {networks: _run(program, networks) for networks in order}
        large, small = (found[networks] for networks in NETWORKS)
        samples["change-cost"].append((_sum(large, "nsec") / 1000,
                                       _sum(small, "nsec") / 1000))
        samples["change-rules"].append((_sum(large, "owners"),
                                        _sum(small, "owners")))
        progress(f"pair {i + 1} of {pairs}: " + ", ".join(
            f"{name} {ours[-1][0]:.1f}/{ours[-1][1]:.1f}"
            for name, ours in samples.items()))
    return samples
