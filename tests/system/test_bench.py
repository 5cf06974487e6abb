# SPDX-License-Identifier: Apache-2.0
"""What bench/run makes of its measurements; it measures nothing here."""

import json
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab"))

from nethvbench import hosts, hosts_page, report, stats  # noqa: E402

PAIRS = [(10.0 + i, 2 * (10.0 + i)) for i in range(15)]
KEYS = {"name", "case", "value", "unit", "peer", "peer_value", "ratio",
        "spread", "runs", "machine"}


def test_ratio_of_medians():
    found = stats.compare(PAIRS)
    assert (found.value, found.peer_value, found.ratio) == (17, 34, 0.5)
    assert found.spread == (0.5, 0.5) and found.runs == 15


def test_spread_holds_the_ratio_and_knows_noise():
    noisy = [(a, b * (1.5 if i % 3 else 0.5))
             for i, (a, b) in enumerate(PAIRS)]
    found = stats.compare(noisy)
    assert found.spread[0] < found.ratio < found.spread[1]
    assert found == stats.compare(noisy)


def test_one_outlier_does_not_count():
    assert stats.compare([(9000.0, 20.0)] + PAIRS).ratio < 0.6


def test_other_names_are_kept(tmp_path):
    path = tmp_path / "results.json"
    report.merge(path, [report.result("tcp", PAIRS),
                        report.result("setup-20", PAIRS)])
    merged = report.merge(path, [report.result("tcp", PAIRS[:3])])
    assert [(one["name"], one["runs"]) for one in merged] == [
        ("setup-20", 15), ("tcp", 3)]
    assert json.loads(path.read_text("utf-8")) == merged
    assert all(set(one) == KEYS for one in merged)


@pytest.mark.parametrize("pairs, verdict", [
    ([(4.0, 10.0)] * 3, "yes"), ([(6.0, 10.0)] * 3, "no"),
    ([(4.0, 10.0), (4.5, 10.0), (8.0, 10.0)], "yes, within the noise")])
def test_page(tmp_path, pairs, verdict):
    if not shutil.which("gnuplot"):
        pytest.skip("gnuplot missing")
    report.write_page(tmp_path, [report.result("setup-20", pairs)], 1400)
    page = (tmp_path / "benchmarks.md").read_text("utf-8")
    assert f"| at most 0.5 | {verdict} | 3 |" in page
    for plot in tmp_path.glob("*.svg"):
        assert plot.name in page
    assert len(list(tmp_path.glob("*.svg"))) == 2


def by_hosts(name="setup-n"):
    """Direct is linear, a mesh quadratic."""
    return [report.result(name, [(10.0 * n * (n / 4 if mode == "mesh" else 1),
                                  2.5 * n * n)] * 3, f"{mode} {n}")
            for n in hosts.SIZES for mode in hosts.MODES]


def test_slope_by_hosts():
    results = by_hosts()
    for mode, slope in ("direct", 1), ("tree", 1), ("mesh", 2):
        times = hosts_page.values(results, "setup-n", mode)
        assert tuple(times) == hosts.SIZES
        assert abs(hosts_page.slope(times) - slope) < 1e-9


def test_page_by_hosts(tmp_path):
    if not shutil.which("gnuplot"):
        pytest.skip("gnuplot missing")
    results = [report.result("tcp", PAIRS)]
    for part in hosts.PARTS:
        results += by_hosts(part)
    report.write_page(tmp_path, results, 1400)
    page = (tmp_path / "benchmarks.md").read_text("utf-8")
    assert "| mesh | both | 40 ms | 160 ms | 640 ms | 2560 ms | 10240 ms | " \
        "2.00 |" in page
    assert "at 64 hosts: 0.06 (0.06 to 0.06, 3 rounds), holds" in page
    assert (tmp_path / report.HOSTS_PLOT).exists()


def test_tunnel_ports_of_a_host_are_counted():
    one = hosts._Watched(None)
    one.take({"Interface": {"a": {"initial": {"name": "x", "ofport": 7}},
                            "b": {"insert": {"name": "y", "ofport": []}}}})
    assert one.ports == {"a": True, "b": False}
    one.take({"Interface": {"b": {"modify": {"ofport": 8}},
                            "a": {"delete": None}}})
    assert one.ports == {"b": True}
