# nethvctl: the command.
bin_PROGRAMS += cli/nethvctl
cli_nethvctl_SOURCES = \
	cli/cli.h \
	cli/clouds.c \
	cli/clouds.h \
	cli/cmd-bandwidth.c \
	cli/cmd-clouds.c \
	cli/cmd-clouds.h \
	cli/cmd-database.c \
	cli/cmd-database.h \
	cli/cmd-diagnose.c \
	cli/cmd-diagnose.h \
	cli/cmd-firewall.c \
	cli/cmd-firewall.h \
	cli/cmd-init.c \
	cli/openings.c \
	cli/openings.h \
	cli/cmd-init.h \
	cli/cmd-document.c \
	cli/cmd-show.c \
	cli/cmd-status.c \
	cli/cmd-tenant.c \
	cli/cmd-trace.c \
	cli/cmd-tree-plan.c \
	cli/cmd-tree.c \
	cli/cmd.h \
	cli/context.c \
	cli/enact.c \
	cli/enact.h \
	cli/hosts.c \
	cli/hosts.h \
	cli/nethvctl.c \
	cli/options.c \
	cli/options.h \
	cli/seed.c \
	cli/seed.h \
	cli/places.c \
	cli/places.h \
	cli/problems.c \
	cli/problems.h \
	cli/scope.c \
	cli/scope.h \
	cli/session.c \
	cli/session.h \
	cli/show-json.c \
	cli/show-json.h \
	cli/touched.c \
	cli/touched.h \
	cli/tree-state.c \
	cli/tree-state.h \
	cli/verbs.c \
	cli/verbs.h
cli_nethvctl_LDADD = $(CORE_LIBS)

# The schema as a string: "nethvctl init" makes the database from it.
BUILT_SOURCES += cli/schema.inc
CLEANFILES += cli/schema.inc
cli/schema.inc: lib/nethv.ovsschema
	@$(MKDIR_P) cli
	$(AM_V_GEN)sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $(top_srcdir)/lib/nethv.ovsschema > $@.tmp && mv $@.tmp $@

# Found by bash-completion under the command's own name.
bashcompletiondir = $(datadir)/bash-completion/completions
nodist_bashcompletion_DATA = cli/completions/nethvctl
CLEANFILES += cli/completions/nethvctl
EXTRA_DIST += cli/nethvctl-bashcomp.bash
cli/completions/nethvctl: cli/nethvctl-bashcomp.bash
	@$(MKDIR_P) cli/completions
	$(AM_V_GEN)cp $(top_srcdir)/cli/nethvctl-bashcomp.bash $@
