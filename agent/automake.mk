# agent

# Starts the daemons, for systemd and without it.
pkglibexec_SCRIPTS += agent/nethv-ctl
EXTRA_DIST += agent/nethv-ctl.in
CLEANFILES += agent/nethv-ctl
agent/nethv-ctl: agent/nethv-ctl.in Makefile
	@$(MKDIR_P) agent
	$(AM_V_GEN)sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@bindir[@]|$(bindir)|g' -e 's|@pkgdatadir[@]|$(pkgdatadir)|g' $(srcdir)/agent/nethv-ctl.in > $@.tmp && chmod +x $@.tmp && mv $@.tmp $@
# From the database to what the host claims and confirms, apart so that a test
# can link it.
noinst_LTLIBRARIES += agent/libfollow.la
agent_libfollow_la_SOURCES = \
	agent/changes.c \
	agent/changes.h \
	agent/claims.c \
	agent/claims.h \
	agent/claims-private.h \
	agent/claims-show.c \
	agent/followers.c \
	agent/followers.h \
	agent/local-numbers.c \
	agent/local-numbers.h \
	agent/mac-numbers.c \
	agent/mac-numbers.h \
	agent/report.c \
	agent/report.h

# nethv-agent, the one writer of a host's integration bridge.
sbin_PROGRAMS += agent/nethv-agent
agent_nethv_agent_SOURCES = \
	agent/adverts.c \
	agent/adverts.h \
	agent/agent.c \
	agent/agent.h \
	agent/attach.c \
	agent/attach.h \
	agent/attachment.c \
	agent/attachment.h \
	agent/boot.c \
	agent/boot.h \
	agent/control.c \
	agent/control.h \
	agent/edge-ports.c \
	agent/edge-ports.h \
	agent/gateway-link.c \
	agent/gateway-link.h \
	agent/hello.c \
	agent/hello.h \
	agent/nethv-agent.c \
	agent/physical.c \
	agent/physical.h \
	agent/port-info.c \
	agent/port-info.h \
	agent/private.h \
	agent/probe.c \
	agent/probe.h \
	agent/punts.c \
	agent/punts.h \
	agent/remotes.c \
	agent/remotes.h \
	agent/renew.c \
	agent/renew.h \
	agent/standby.c \
	agent/standby.h \
	agent/tunnel-words.c \
	agent/tunnel-words.h
agent_nethv_agent_LDADD = agent/libfollow.la agent/libjoin.la $(CORE_LIBS)

# Joining and leaving, apart so that a test can link them.
noinst_LTLIBRARIES += agent/libjoin.la
agent_libjoin_la_SOURCES = \
	agent/diagnose.c \
	agent/diagnose.h \
	agent/diagnose-machine.c \
	agent/diagnose-paths.c \
	agent/diagnose-remotes.c \
	agent/diagnose-tunnels.c \
	agent/diagnosis.h \
	agent/https.c \
	agent/https.h \
	agent/join.c \
	agent/join.h \
	agent/leave.c \
	agent/ticket.c \
	agent/ticket.h

# Units of systemd: what all have in common stands in build-aux/unit-hardening.
systemdsystemunit_DATA += agent/nethv-agent.service
CLEANFILES += agent/nethv-agent.service
EXTRA_DIST += agent/nethv-agent.service.in build-aux/unit-hardening
UNIT = $(AM_V_GEN)$(MKDIR_P) $(@D) && sed -e 's|@pkglibexecdir[@]|$(pkglibexecdir)|g' -e '/^@hardening[@]$$/{r $(top_srcdir)/build-aux/unit-hardening' -e 'd;}' $< > $@.tmp && mv $@.tmp $@
agent/nethv-agent.service: agent/nethv-agent.service.in build-aux/unit-hardening Makefile
	$(UNIT)
