# SPDX-License-Identifier: Apache-2.0
"""From pairs of measurements to a ratio and how sure it is."""

from __future__ import annotations

import random
import statistics
from dataclasses import dataclass
from typing import Sequence

RESAMPLES = 2000
Pair = tuple[float, float]


@dataclass(frozen=True)
class Comparison:
    """Medians of both sides; 'spread' is the 95 % interval of 'ratio'."""

    value: float
    peer_value: float
    ratio: float
    spread: tuple[float, float]
    runs: int


def _ratio(pairs: Sequence[Pair]) -> float:
    return (statistics.median(pair[0] for pair in pairs)
            / statistics.median(pair[1] for pair in pairs))


def compare(pairs: Sequence[Pair], seed: int = 1) -> Comparison:
    """Compares the sides of 'pairs', (value, peer's value), all positive."""
    rng = random.Random(seed)
    ratios = sorted(_ratio(rng.choices(pairs, k=len(pairs)))
                    for _ in range(RESAMPLES))
    tail = round(0.025 * RESAMPLES)
    return Comparison(statistics.median(pair[0] for pair in pairs),
                      statistics.median(pair[1] for pair in pairs),
                      _ratio(pairs), (ratios[tail], ratios[-1 - tail]),
                      len(pairs))
