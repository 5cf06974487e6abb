# libnethv, and what our own programs link.
#
# libpure.la holds the decisions: no input or output (DESIGN, Layers).
# libfollow.la keeps a model in step with the database.  libcore.la adds the
# other shells: it is for our own programs, which link Open vSwitch statically
# themselves.
noinst_LTLIBRARIES += lib/libpure.la lib/libfollow.la lib/libcore.la
lib_libpure_la_SOURCES = \
	lib/addressing.c \
	lib/addressing.h \
	lib/compile/addressing.c \
	lib/compile/affect.c \
	lib/compile/answer.c \
	lib/compile/classify.c \
	lib/compile/compile.c \
	lib/compile/compile.h \
	lib/compile/control.c \
	lib/compile/emit.c \
	lib/compile/emit.h \
	lib/compile/flood.c \
	lib/compile/forward.c \
	lib/compile/homes.c \
	lib/compile/internal.h \
	lib/compile/security.c \
	lib/compile/tree.c \
	lib/compile/tunnel.c \
	lib/compile/wire.c \
	lib/control-frame.c \
	lib/control-frame.h \
	lib/whole.c \
	lib/whole.h \
	lib/control-ledger.c \
	lib/control-ledger.h \
	lib/db-home.h \
	lib/dhcp-answer.c \
	lib/dhcp-answer.h \
	lib/document-addressing.c \
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
	lib/gauge.c \
	lib/gauge.h \
	lib/handover.c \
	lib/handover.h \
	lib/hellos.c \
	lib/hellos.h \
	lib/json-cursor.c \
	lib/json-cursor.h \
	lib/json-scan.c \
	lib/json-scan.h \
	lib/json-value.h \
	lib/linkstate.c \
	lib/linkstate.h \
	lib/model-inventory.c \
	lib/model-ports.c \
	lib/model-private.h \
	lib/model-query.c \
	lib/model-rows.c \
	lib/model.c \
	lib/model.h \
	lib/notation.c \
	lib/notation.h \
	lib/numbers.c \
	lib/numbers.h \
	lib/pipeline.c \
	lib/pipeline.h \
	lib/plan.c \
	lib/plan.h \
	lib/port-answer.c \
	lib/port-answer.h \
	lib/port-json.c \
	lib/port-json.h \
	lib/provider.c \
	lib/provider.h \
	lib/repair-ends.c \
	lib/repair-failures.c \
	lib/repair-open.c \
	lib/repair-private.h \
	lib/repair-view.c \
	lib/repair.c \
	lib/repair.h \
	lib/router-advert.c \
	lib/router-advert.h \
	lib/row-json.c \
	lib/row-json.h \
	lib/rule-set.c \
	lib/rule.c \
	lib/rule.h \
	lib/slots.c \
	lib/slots.h \
	lib/spread.c \
	lib/spread.h \
	lib/token.c \
	lib/token.h \
	lib/too-big.c \
	lib/too-big.h \
	lib/topology.c \
	lib/topology.h \
	lib/trace-actions.c \
	lib/trace-clone.c \
	lib/trace-encap.c \
	lib/trace-fabric.c \
	lib/trace-fabric.h \
	lib/trace-format.c \
	lib/trace-host.c \
	lib/trace-walk.c \
	lib/trace-walk.h \
	lib/trace.c \
	lib/trace.h \
	lib/probes.c \
	lib/probes.h \
	lib/tree-follow.c \
	lib/tree-plan.c \
	lib/tree-plan.h \
	lib/tree-private.h \
	lib/tree-standby.c \
	lib/tree-walk.c \
	lib/tree-walk.h \
	lib/tree.c \
	lib/tree.h \
	lib/twin.c \
	lib/twin.h \
	lib/versions.c \
	lib/versions.h \
	lib/wire.c

lib_libfollow_la_SOURCES = \
	lib/ovs/db-conditions.c \
	lib/ovs/db-conditions.h \
	lib/ovs/db.c \
	lib/ovs/db.h \
	lib/ovs/mirror.c \
	lib/ovs/mirror.h \
	lib/ovs/row-values.c \
	lib/ovs/row-values.h \
	lib/ovs/rows.c \
	lib/ovs/rows.h
nodist_lib_libfollow_la_SOURCES = \
	lib/nethv-idl.c \
	lib/nethv-idl.h

# Shells of our own programs.
lib_libcore_la_SOURCES = \
	lib/ovs/channel.c \
	lib/ovs/channel.h \
	lib/ovs/command.c \
	lib/ovs/command.h \
	lib/ovs/hostconf.c \
	lib/ovs/hostconf.h \
	lib/ovs/inventory.c \
	lib/ovs/inventory.h \
	lib/ovs/netif-layer3.c \
	lib/ovs/netif-private.h \
	lib/ovs/netif-resolve.c \
	lib/ovs/netif.c \
	lib/ovs/netif.h \
	lib/ovs/ofepoch.c \
	lib/ovs/ofepoch.h \
	lib/ovs/ofmirror.c \
	lib/ovs/ofmirror.h \
	lib/ovs/ofmsg.c \
	lib/ovs/ofmsg.h \
	lib/ovs/ofports.c \
	lib/ovs/ofports.h \
	lib/ovs/ofstamps.c \
	lib/ovs/ofstamps.h \
	lib/ovs/ofswitch.c \
	lib/ovs/ofswitch.h \
	lib/ovs/pki.c \
	lib/ovs/pki.h \
	lib/ovs/program.c \
	lib/ovs/program.h \
	lib/ovs/reader.c \
	lib/ovs/reader.h \
	lib/ovs/secret.c \
	lib/ovs/signature.c \
	lib/ovs/signature.h \
	lib/ovs/text-file.c \
	lib/ovs/text-file.h \
	lib/ovs/uplink.c \
	lib/ovs/uplink.h \
	lib/ovs/vswitch-private.h \
	lib/ovs/vswitch-report.c \
	lib/ovs/vswitch-want.c \
	lib/ovs/vswitch.c \
	lib/ovs/vswitch.h
lib_libcore_la_LIBADD = lib/libpure.la lib/libfollow.la

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

# libnethv as others link it: the public headers, libnethv.so, libnethv.a.
nethvincludedir = $(includedir)/nethv
nethvinclude_HEADERS = \
	include/nethv/client.h \
	include/nethv/document.h \
	include/nethv/model.h \
	include/nethv/nethv.h \
	include/nethv/rules.h \
	include/nethv/trace.h \
	include/nethv/tree.h \
	include/nethv/wire.h
nodist_nethvinclude_HEADERS = include/nethv/version.h

noinst_LTLIBRARIES += lib/libapi.la
lib_libapi_la_SOURCES = \
	lib/api/client.c \
	lib/api/document.c \
	lib/api/model.c \
	lib/api/nethv.c \
	lib/api/places.c \
	lib/api/places.h \
	lib/api/poll.c \
	lib/api/private.h \
	lib/api/rules.c \
	lib/api/sigpipe.c \
	lib/api/sigpipe.h \
	lib/api/stand-in.h \
	lib/api/tls.c \
	lib/api/tls.h \
	lib/api/trace.c \
	lib/api/tree.c \
	lib/api/update.c \
	lib/api/watch.c

# Functions of Open vSwitch that lib/api/stand-in.h stands in for.
API_WRAPPED = \
	fatal_signal_add_hook fatal_signal_run fatal_signal_wait \
	poll_fd_wait_at poll_immediate_wake_at poll_timer_wait_at \
	poll_timer_wait_until_at \
	vlog vlog_rate_limit vlog_should_drop vlog_valist

# Of Open vSwitch nothing is seen from outside.  The library cannot be unloaded:
# its threads' data have destructors.
lib_LTLIBRARIES += lib/libnethv.la
lib_libnethv_la_SOURCES =
lib_libnethv_la_LIBADD = lib/libapi.la lib/libpure.la lib/libfollow.la $(OVS_LIBS) $(JANSSON_LIBS)
lib_libnethv_la_LDFLAGS = $(AM_LDFLAGS) -shared -version-info 0:0:0 \
	-Wl,--version-script=$(srcdir)/lib/libnethv.sym -Wl,--exclude-libs,libopenvswitch.a:libopenvswitchavx512.a \
	-Wl,-z,defs -Wl,-z,nodelete -Wl,--as-needed \
	$(API_WRAPPED:%=-Wl,--wrap=%)
EXTRA_lib_libnethv_la_DEPENDENCIES = lib/libnethv.sym
EXTRA_DIST += lib/libnethv.sym

# One relocatable object, in which only what libnethv.sym lists stays global.
nethvlibdir = $(libdir)
nethvlib_DATA = lib/libnethv.a
CLEANFILES += lib/libnethv.a lib/libnethv.o lib/libnethv.globals
lib/libnethv.globals: lib/libnethv.sym
	$(AM_V_GEN)$(MKDIR_P) lib && sed -n 's/^ *\(nethv_[a-z0-9_]*\);.*/\1/p' $(srcdir)/lib/libnethv.sym > $@.tmp && mv $@.tmp $@
lib/libnethv.o: lib/libnethv.globals lib/libapi.la lib/libpure.la lib/libfollow.la
	$(AM_V_GEN)$(LD) -r --gc-sections $$(sed 's/^/-u /' lib/libnethv.globals) \
		$(API_WRAPPED:%=--wrap=%) -o $@.tmp \
		--start-group lib/.libs/libapi.a lib/.libs/libpure.a lib/.libs/libfollow.a $(filter %.a,$(OVS_LIBS)) --end-group \
		&& $(OBJCOPY) --keep-global-symbols=lib/libnethv.globals $@.tmp && mv $@.tmp $@
lib/libnethv.a: lib/libnethv.o
	$(AM_V_AR)rm -f $@ && $(AR) rcs $@ lib/libnethv.o

pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = lib/libnethv.pc
