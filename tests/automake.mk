# Unit tests: one program of all tests/unit/*.c, with Criterion.
if HAVE_CRITERION
check_PROGRAMS += tests/unit-tests
TESTS += tests/unit-tests
tests_unit_tests_SOURCES = \
	gateway/prober.c \
	gateway/relays.c \
	lab/wan/ring.c \
	lab/wan/shape.c \
	tests/unit/addressing.c \
	tests/unit/compile.c \
	tests/unit/compile-random.c \
	tests/unit/control.c \
	tests/unit/document.c \
	tests/unit/gauge.c \
	tests/unit/handover.c \
	tests/unit/hellos.c \
	tests/unit/made-model.c \
	tests/unit/made-model.h \
	tests/unit/model-random.c \
	tests/unit/linkstate.c \
	tests/unit/model.c \
	tests/unit/numbers.c \
	tests/unit/plan.c \
	tests/unit/relays.c \
	tests/unit/repair.c \
	tests/unit/rule.c \
	tests/unit/pki-rsa-request.inc \
	tests/unit/pki.c \
	tests/unit/property.c \
	tests/unit/token.c \
	tests/unit/topology.c \
	tests/unit/trace.c \
	tests/unit/probes.c \
	tests/unit/prober.c \
	tests/unit/tree-standby.c \
	tests/unit/tree-walk.c \
	tests/unit/tree.c \
	tests/unit/twin.c \
	tests/unit/wan.c \
	tests/unit/wire.c \
	tests/unit/world.c \
	tests/unit/world.h \
	tests/unit/world-change.c \
	tests/unit/world-cloud.c \
	tests/unit/world-fabric.c \
	tests/unit/world-twin.c \
	tests/unit/world-twin.h
tests_unit_tests_CPPFLAGS = $(AM_CPPFLAGS) -DTESTS_DIR='"$(abs_top_srcdir)/tests"'
tests_unit_tests_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS) -Wno-missing-prototypes
# Criterion finds its tests by their section, which nothing refers to.
tests_unit_tests_LDFLAGS = $(AM_LDFLAGS) -Wl,--no-gc-sections
tests_unit_tests_LDADD = $(CORE_LIBS) $(CRITERION_LIBS)
endif
EXTRA_DIST += tests/data/region-rtt.csv tests/golden/document.txt

check_PROGRAMS += tests/db-client
tests_db_client_SOURCES = tests/db-client.c
tests_db_client_LDADD = $(CORE_LIBS)

# nethvctl and the followed database, against a real ovsdb-server; no root.
TEST_EXTENSIONS = .py
PY_LOG_COMPILER = /usr/bin/python3
AM_PY_LOG_FLAGS = -m pytest -q -p no:cacheprovider --bindir $(abs_builddir)
AM_TESTS_ENVIRONMENT = PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE;
TESTS += tests/system/test_bench.py tests/system/test_ctl.py tests/system/test_db.py tests/system/test_examples.py tests/system/test_man.py tests/system/test_scale.py tests/system/test_schema.py

# What rules and changes cost in a system of many clouds: bench/run, and
# tests/system/test_scale.py.
noinst_PROGRAMS += tests/scale
tests_scale_SOURCES = \
	gateway/relays.c \
	tests/sim/party.c \
	tests/sim/party.h \
	tests/sim/scale.c \
	tests/sim/system.c \
	tests/sim/system.h
tests_scale_LDADD = $(CORE_LIBS)

# What the tree of clouds costs to compute: bench/run, and
# tests/system/test_scale.py.
noinst_PROGRAMS += tests/tree-time
tests_tree_time_SOURCES = tests/sim/tree-time.c
tests_tree_time_LDADD = $(CORE_LIBS)

# Many agents and the global controller, without Open vSwitch: bench/run, and
# tests/system/test_scale.py.
noinst_PROGRAMS += tests/agents
tests_agents_SOURCES = tests/sim/agents.c
tests_agents_LDADD = agent/libfollow.la gateway/libglobal.la $(CORE_LIBS)

# lib/trace against a real ovs-vswitchd with dummy ports; no root.
check_PROGRAMS += tests/trace-run
tests_trace_run_SOURCES = tests/trace-run.c
tests_trace_run_LDADD = $(CORE_LIBS)
TESTS += tests/oracle/test_trace.py
EXTRA_DIST += \
	tests/oracle/conftest.py \
	tests/oracle/dummy_switch.py \
	tests/oracle/random_rules.py \
	tests/oracle/test_trace.py \
	tests/oracle/tunnel.py

# What tests/system/test_shells.py drives.
check_PROGRAMS += tests/shells
tests_shells_SOURCES = tests/system/shells.c
tests_shells_LDADD = $(CORE_LIBS)

# System tests: in labs, so only as root, and not part of "make check".
# One a line, so that branches merge.
EXTRA_DIST += tests/system/authority.py
EXTRA_DIST += tests/system/clock.py
EXTRA_DIST += tests/system/conftest.py
EXTRA_DIST += tests/system/daemons.py
EXTRA_DIST += tests/system/database.py
EXTRA_DIST += tests/system/frames.py
EXTRA_DIST += tests/system/healing.py
EXTRA_DIST += tests/system/kernel.py
EXTRA_DIST += tests/system/markdown.py
EXTRA_DIST += tests/system/probes.py
EXTRA_DIST += tests/system/reach.py
EXTRA_DIST += tests/system/test_attach.py
EXTRA_DIST += tests/system/test_bandwidth.py
EXTRA_DIST += tests/system/test_bench.py
EXTRA_DIST += tests/system/test_ctl.py
EXTRA_DIST += tests/system/test_db.py
EXTRA_DIST += tests/system/test_database_move.py
EXTRA_DIST += tests/system/test_demo.py
EXTRA_DIST += tests/system/test_dhcp.py
EXTRA_DIST += tests/system/test_diagnose.py
EXTRA_DIST += tests/system/test_examples.py
EXTRA_DIST += tests/system/test_firewall.py
EXTRA_DIST += tests/system/test_frames.py
EXTRA_DIST += tests/system/test_gateways.py
EXTRA_DIST += tests/system/test_guests.py
EXTRA_DIST += tests/system/test_isolation.py
EXTRA_DIST += tests/system/test_hello.py
EXTRA_DIST += tests/system/test_join.py
EXTRA_DIST += tests/system/test_kernel_demo.py
EXTRA_DIST += tests/system/test_kernel_frames.py
EXTRA_DIST += tests/system/test_kernel_gateway.py
EXTRA_DIST += tests/system/test_kernel_gateway_upgrade.py
EXTRA_DIST += tests/system/test_kernel_isolation.py
EXTRA_DIST += tests/system/test_kernel_queues.py
EXTRA_DIST += tests/system/test_kernel_upgrade.py
EXTRA_DIST += tests/system/test_lab.py
EXTRA_DIST += tests/system/test_lab_nethv.py
EXTRA_DIST += tests/system/test_man.py
EXTRA_DIST += tests/system/test_plans.py
EXTRA_DIST += tests/system/test_probes.py
EXTRA_DIST += tests/system/test_readme.py
EXTRA_DIST += tests/system/test_renewal.py
EXTRA_DIST += tests/system/test_resilience.py
EXTRA_DIST += tests/system/test_scale.py
EXTRA_DIST += tests/system/test_schema.py
EXTRA_DIST += tests/system/test_shells.py
EXTRA_DIST += tests/system/test_topologies.py
EXTRA_DIST += tests/system/test_tree.py
EXTRA_DIST += tests/system/test_tutorial.py
EXTRA_DIST += tests/system/test_upgrade.py
EXTRA_DIST += tests/system/test_standby.py
EXTRA_DIST += tests/system/test_uplink.py
EXTRA_DIST += tests/system/traffic.py
EXTRA_DIST += tests/system/trees.py
EXTRA_DIST += tests/system/upgrading.py
EXTRA_DIST += tests/system/wires.py
EXTRA_DIST += tests/system/workloads.py
.PHONY: check-system
check-system: all $(check_PROGRAMS) $(check_SCRIPTS)
	/usr/bin/python3 -m pytest -p no:cacheprovider $(srcdir)/tests/system --bindir $(abs_builddir) $(PYTESTFLAGS)

# The programs as the next version might be, for tests/system/test_upgrade.py:
# this version's objects, linked with other versions of all formats; and programs
# that refuse the versions of this one.
added_by_next = tests/next/control.c tests/next/handover.c tests/next/nethv-idl.c
agent_of_next = $(agent_nethv_agent_SOURCES) $(added_by_next) tests/next/zone.c
link_of_next = $(AM_LDFLAGS) -Wl,--wrap=control_frame_put,--wrap=control_frame_parse,--wrap=handover_to_json
check_PROGRAMS += tests/next/nethv-agent tests/next/nethv-gateway tests/next/nethvctl tests/refusing/nethv-agent
nodist_tests_next_nethv_agent_SOURCES = $(agent_of_next) tests/next/versions.c
tests_next_nethv_agent_LDFLAGS = $(link_of_next) -Wl,--wrap=report_write_wire
tests_next_nethv_agent_LDADD = $(agent_nethv_agent_LDADD)
nodist_tests_refusing_nethv_agent_SOURCES = $(agent_of_next) tests/next/refusing.c
tests_refusing_nethv_agent_LDFLAGS = $(tests_next_nethv_agent_LDFLAGS)
tests_refusing_nethv_agent_LDADD = $(agent_nethv_agent_LDADD)
nodist_tests_next_nethv_gateway_SOURCES = $(gateway_nethv_gateway_SOURCES) $(added_by_next) tests/next/versions.c
tests_next_nethv_gateway_LDFLAGS = $(link_of_next)
tests_next_nethv_gateway_LDADD = $(gateway_nethv_gateway_LDADD)
nodist_tests_next_nethvctl_SOURCES = $(cli_nethvctl_SOURCES) tests/next/nethv-idl.c tests/next/versions.c
tests_next_nethvctl_LDADD = $(cli_nethvctl_LDADD)
EXTRA_DIST += \
	tests/next/control.c \
	tests/next/handover.c \
	tests/next/refusing.c \
	tests/next/schema.py \
	tests/next/versions.c \
	tests/next/zone.c

check_SCRIPTS += tests/next/nethv-ctl
CLEANFILES += \
	tests/next/nethv-ctl \
	tests/next/nethv-idl.c \
	tests/next/nethv-idl.h \
	tests/next/nethv-idl.ovsidl \
	tests/next/nethv.ovsschema
tests/next/nethv-ctl: agent/nethv-ctl.in tests/next/nethv.ovsschema Makefile
	$(AM_V_GEN)sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@bindir[@]|$(bindir)|g' -e 's|@pkgdatadir[@]|$(abs_builddir)/tests/next|g' $(srcdir)/agent/nethv-ctl.in > $@.tmp && chmod +x $@.tmp && mv $@.tmp $@
tests/next/nethv.ovsschema: lib/nethv.ovsschema tests/next/schema.py
	@$(MKDIR_P) tests/next
	$(AM_V_GEN)$(PYTHON) $(srcdir)/tests/next/schema.py < $(top_srcdir)/lib/nethv.ovsschema > $@.tmp && mv $@.tmp $@
tests/next/nethv-idl.ovsidl: tests/next/nethv.ovsschema lib/nethv-idl.ann
	$(AM_V_GEN)$(IDLC) annotate tests/next/nethv.ovsschema $(top_srcdir)/lib/nethv-idl.ann > $@.tmp && mv $@.tmp $@
tests/next/nethv-idl.c: tests/next/nethv-idl.ovsidl tests/next/nethv-idl.h
	$(AM_V_GEN)$(IDLC) c-idl-source tests/next/nethv-idl.ovsidl > $@.tmp && mv $@.tmp $@
tests/next/nethv-idl.h: tests/next/nethv-idl.ovsidl
	$(AM_V_GEN)$(IDLC) c-idl-header tests/next/nethv-idl.ovsidl > $@.tmp && mv $@.tmp $@
tests/next/zone.$(OBJEXT): tests/next/nethv-idl.h

# What is run under the sanitizers.
.PHONY: sanitized-tests
sanitized-tests: $(BUILT_SOURCES)
	$(MAKE) $(AM_MAKEFLAGS) tests/unit-tests
# Fuzzers: tests/fuzz/NAME.c, seeds and old crashers in tests/fuzz/corpus/NAME.
# With --enable-fuzz libFuzzer drives them, else "make check" replays the corpus.
FUZZERS = \
	tests/fuzz-control \
	tests/fuzz-dhcp \
	tests/fuzz-document \
	tests/fuzz-enrol \
	tests/fuzz-handover \
	tests/fuzz-request \
	tests/fuzz-token \
	tests/fuzz-too-big
check_PROGRAMS += $(FUZZERS)
FUZZ_CHECK = tests/fuzz/check.c tests/fuzz/check.h tests/fuzz/fuzz.h
if ENABLE_FUZZ
FUZZ_DRIVER = $(FUZZ_CHECK)
LDFLAGS_FUZZ = $(AM_LDFLAGS) -fsanitize=fuzzer
else
FUZZ_DRIVER = $(FUZZ_CHECK) tests/fuzz/replay.c
LDFLAGS_FUZZ = $(AM_LDFLAGS)
TESTS += $(FUZZERS)
endif
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/document.dict tests/fuzz/replay.c

tests_fuzz_control_SOURCES = tests/fuzz/control.c $(FUZZ_DRIVER)
tests_fuzz_control_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/control"'
tests_fuzz_control_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_control_LDADD = $(CORE_LIBS)

tests_fuzz_dhcp_SOURCES = tests/fuzz/dhcp.c $(FUZZ_DRIVER)
tests_fuzz_dhcp_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/dhcp"'
tests_fuzz_dhcp_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_dhcp_LDADD = $(CORE_LIBS)

tests_fuzz_document_SOURCES = tests/fuzz/document.c $(FUZZ_DRIVER)
tests_fuzz_document_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/document"'
tests_fuzz_document_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_document_LDADD = $(CORE_LIBS)

tests_fuzz_enrol_SOURCES = tests/fuzz/enrol.c $(FUZZ_DRIVER)
tests_fuzz_enrol_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/enrol"'
tests_fuzz_enrol_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_enrol_LDADD = $(ENROL_LIBS) $(CORE_LIBS)

tests_fuzz_handover_SOURCES = tests/fuzz/handover.c $(FUZZ_DRIVER)
tests_fuzz_handover_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/handover"'
tests_fuzz_handover_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_handover_LDADD = $(CORE_LIBS)

tests_fuzz_request_SOURCES = tests/fuzz/request.c $(FUZZ_DRIVER)
tests_fuzz_request_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/request"'
tests_fuzz_request_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_request_LDADD = $(CORE_LIBS)

tests_fuzz_token_SOURCES = tests/fuzz/token.c $(FUZZ_DRIVER)
tests_fuzz_token_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/token"'
tests_fuzz_token_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_token_LDADD = $(CORE_LIBS)

tests_fuzz_too_big_SOURCES = tests/fuzz/too-big.c $(FUZZ_DRIVER)
tests_fuzz_too_big_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/too-big"'
tests_fuzz_too_big_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_too_big_LDADD = $(CORE_LIBS)

# libnethv from outside, as a shared and as a static library, beside another copy
# of Open vSwitch in the same program.
if HAVE_CRITERION
check_PROGRAMS += tests/api-tests tests/api-tests-static
TESTS += tests/api-tests tests/api-tests-static
API_TEST_SOURCES = \
	tests/api/deployment.c \
	tests/api/deployment.h \
	tests/api/model.c \
	tests/api/other-ovs.c \
	tests/api/other-ovs.h \
	tests/api/process.c \
	tests/api/rules.c
API_TEST_CPPFLAGS = -I$(top_srcdir)/include -I$(top_builddir)/include -I$(top_srcdir) \
	-DEXAMPLES_DIR='"$(abs_top_srcdir)/examples"'
API_TEST_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS) -Wno-missing-prototypes
tests_api_tests_SOURCES = $(API_TEST_SOURCES)
tests_api_tests_CPPFLAGS = $(API_TEST_CPPFLAGS)
tests_api_tests_CFLAGS = $(API_TEST_CFLAGS)
tests_api_tests_LDFLAGS = $(AM_LDFLAGS) -Wl,--no-gc-sections
tests_api_tests_LDADD = lib/libnethv.la $(OVS_LIBS) $(CRITERION_LIBS)
tests_api_tests_static_SOURCES = $(API_TEST_SOURCES)
tests_api_tests_static_CPPFLAGS = $(API_TEST_CPPFLAGS)
tests_api_tests_static_CFLAGS = $(API_TEST_CFLAGS)
tests_api_tests_static_LDFLAGS = $(AM_LDFLAGS) -Wl,--no-gc-sections
tests_api_tests_static_LDADD = lib/libnethv.a $(OVS_LIBS) $(JANSSON_LIBS) $(CRITERION_LIBS)
endif
TESTS += tests/api/test_exports.py
EXTRA_DIST += tests/api/conftest.py tests/api/test_exports.py

# Include directions and purity.
TESTS += tests/layers/test_layers.py
EXTRA_DIST += tests/layers/conftest.py tests/layers/layers.py tests/layers/test_layers.py

# Debian's packages, in a clean Debian: long, and as root.
EXTRA_DIST += tests/packages/chroot.py
EXTRA_DIST += tests/packages/conftest.py
EXTRA_DIST += tests/packages/test_packages.py

# Many clouds on a virtual clock.
check_PROGRAMS += tests/simulate
tests_simulate_SOURCES = \
	tests/sim/check.c \
	tests/sim/clock.c \
	tests/sim/control.c \
	tests/sim/faults.c \
	tests/sim/frames.c \
	tests/sim/main.c \
	tests/sim/net.c \
	tests/sim/node.c \
	tests/sim/schedule.c \
	tests/sim/sim.h \
	tests/sim/standby.c \
	gateway/partners.c
tests_simulate_LDADD = gateway/libglobal.la $(CORE_LIBS)
TESTS += tests/sim/test_simulation.py
EXTRA_DIST += tests/sim/conftest.py tests/sim/test_simulation.py
