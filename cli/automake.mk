# nethvctl: the command.
bin_PROGRAMS += cli/nethvctl
cli_nethvctl_SOURCES = \
	cli/cli.h \
	cli/hosts.c \
	cli/hosts.h \
	cli/nethvctl.c \
	cli/options.c \
	cli/options.h \
	cli/session.c \
	cli/session.h \
	cli/touched.c \
	cli/touched.h \
	cli/verbs.c \
	cli/verbs.h
cli_nethvctl_LDADD = $(CORE_LIBS)
