# Benchmarks: run from the source tree by ./quickstart bench.
EXTRA_DIST += \
	bench/run \
	bench/nethvbench/__init__.py \
	bench/nethvbench/follow.py \
	bench/nethvbench/gre.py \
	bench/nethvbench/measure.py \
	bench/nethvbench/report.py \
	bench/nethvbench/heal.py \
	bench/nethvbench/hosts.py \
	bench/nethvbench/hosts_page.py \
	bench/nethvbench/scale.py \
	bench/nethvbench/site.py \
	bench/nethvbench/stats.py \
	bench/nethvbench/trees.py
