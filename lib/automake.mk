# libnethv: the pure core, and the shells in lib/ovs.
#
# libcore.la holds everything for our own programs, which link Open vSwitch
# statically themselves.
noinst_LTLIBRARIES += lib/libcore.la
lib_libcore_la_SOURCES = \
	include/nethv/wire.h \
	lib/compile/answer.c \
	lib/compile/classify.c \
	lib/compile/compile.c \
	lib/compile/compile.h \
	lib/model-ports.c \
	lib/model-private.h \
	lib/model-query.c \
	lib/model-rows.c \
	lib/model.c \
	lib/compile/emit.c \
	lib/compile/emit.h \
	lib/compile/flood.c \
	lib/compile/forward.c \
	lib/compile/internal.h \
	lib/compile/security.c \
	lib/compile/tunnel.c \
	lib/compile/wire.c \
	lib/handover.c \
	lib/handover.h \
	lib/model.h \
	lib/numbers.c \
	lib/numbers.h \
	lib/too-big.c \
	lib/too-big.h \
	lib/ovs/db-conditions.c \
	lib/ovs/db-conditions.h \
	lib/ovs/db.c \
	lib/ovs/db.h \
	lib/ovs/mirror.c \
	lib/ovs/command.c \
	lib/ovs/command.h \
	lib/ovs/hostconf.c \
	lib/ovs/hostconf.h \
	lib/ovs/inventory.c \
	lib/ovs/inventory.h \
	lib/ovs/mirror.h \
	lib/ovs/pki.c \
	lib/ovs/program.c \
	lib/ovs/program.h \
	lib/ovs/pki.h \
	lib/ovs/secret.c \
	lib/ovs/rows.c \
	lib/ovs/rows.h \
	lib/pipeline.c \
	lib/pipeline.h \
	lib/rule-set.c \
	lib/rule.c \
	lib/rule.h \
	lib/token.c \
	lib/token.h \
	lib/topology.c \
	lib/topology.h \
	lib/trace.c \
	lib/trace.h \
	lib/trace-actions.c \
	lib/trace-fabric.c \
	lib/trace-fabric.h \
	lib/trace-format.c \
	lib/trace-host.c \
	lib/trace-walk.c \
	lib/trace-walk.h \
	lib/tree.c \
	lib/tree.h \
	lib/twin.c \
	lib/twin.h \
	lib/wire.c
# Documents: parsed, compared with what is there, written.
lib_libcore_la_SOURCES += \
	lib/document-cloud.c \
	lib/document-inventory.c \
	lib/document-port.c \
	lib/document-private.h \
	lib/document-put.c \
	lib/document-settle.c \
	lib/document-tenant.c \
	lib/document.c \
	lib/document.h \
	lib/export.c \
	lib/export.h \
	lib/json-cursor.c \
	lib/json-cursor.h \
	lib/json-scan.c \
	lib/json-scan.h \
	lib/json-value.h \
	lib/notation.c \
	lib/notation.h \
	lib/plan.c \
	lib/plan.h \
	lib/provider.c \
	lib/provider.h \
	lib/row-json.c \
	lib/row-json.h

# Shells of the host: its switch, its database, its kernel.
lib_libcore_la_SOURCES += \
	lib/ovs/netif-layer3.c \
	lib/ovs/netif-monitor.c \
	lib/ovs/netif-private.h \
	lib/ovs/netif-resolve.c \
	lib/ovs/netif.c \
	lib/ovs/netif.h \
	lib/ovs/ofmirror.c \
	lib/ovs/ofmirror.h \
	lib/ovs/ofmsg.c \
	lib/ovs/ofmsg.h \
	lib/ovs/ofswitch.c \
	lib/ovs/ofswitch.h \
	lib/ovs/uplink.c \
	lib/ovs/uplink.h \
	lib/ovs/vswitch-private.h \
	lib/ovs/vswitch-report.c \
	lib/ovs/vswitch-want.c \
	lib/ovs/vswitch.c \
	lib/ovs/vswitch.h

nodist_lib_libcore_la_SOURCES = \
	lib/nethv-idl.c \
	lib/nethv-idl.h

CORE_LIBS = lib/libcore.la $(OVS_LIBS) $(JANSSON_LIBS) $(NL_LIBS)

dist_pkgdata_DATA += lib/nethv.ovsschema lib/nethv.schema.json

# The IDL, generated from the schema.
IDLC = PYTHONPATH=$(OVS_DIR)/python $(PYTHON) $(OVS_DIR)/ovsdb/ovsdb-idlc
BUILT_SOURCES += lib/nethv-idl.c lib/nethv-idl.h
CLEANFILES += lib/nethv-idl.c lib/nethv-idl.h lib/nethv-idl.ovsidl
EXTRA_DIST += lib/nethv-idl.ann
lib/nethv-idl.ovsidl: lib/nethv.ovsschema lib/nethv-idl.ann
	@$(MKDIR_P) lib
	$(AM_V_GEN)$(IDLC) annotate $(top_srcdir)/lib/nethv.ovsschema $(top_srcdir)/lib/nethv-idl.ann > $@.tmp && mv $@.tmp $@
lib/nethv-idl.c: lib/nethv-idl.ovsidl
	$(AM_V_GEN)$(IDLC) c-idl-source lib/nethv-idl.ovsidl > $@.tmp && mv $@.tmp $@
lib/nethv-idl.h: lib/nethv-idl.ovsidl
	$(AM_V_GEN)$(IDLC) c-idl-header lib/nethv-idl.ovsidl > $@.tmp && mv $@.tmp $@
