# SPDX-License-Identifier: Apache-2.0
"""Benchmarks: nethv against named peers on the same machine, in the same run.

A benchmark is a ratio.  Both sides of it are measured in turn, pair after
pair, so that whatever else the machine does meets both; what is written down
is the ratio of the two medians, and the interval in which it lies with 95 %
(bootstrap over the pairs).
"""


class BenchError(Exception):
    """A sentence for the person who runs the benchmarks."""
