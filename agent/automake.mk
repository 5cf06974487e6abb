# agent

# Starts the daemons, for systemd and without it.
pkglibexec_SCRIPTS += agent/nethv-ctl
EXTRA_DIST += agent/nethv-ctl.in
CLEANFILES += agent/nethv-ctl
agent/nethv-ctl: agent/nethv-ctl.in Makefile
	@$(MKDIR_P) agent
	$(AM_V_GEN)sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@bindir[@]|$(bindir)|g' -e 's|@pkgdatadir[@]|$(pkgdatadir)|g' $(srcdir)/agent/nethv-ctl.in > $@.tmp && chmod +x $@.tmp && mv $@.tmp $@
