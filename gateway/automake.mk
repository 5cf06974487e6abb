# gateway

# Enrolment and the certificate authority, apart so that a test can link them.
noinst_LTLIBRARIES += gateway/libenrol.la
gateway_libenrol_la_SOURCES = \
	gateway/admission.c \
	gateway/admission.h \
	gateway/enrol.c \
	gateway/enrol.h \
	gateway/sign.c \
	gateway/sign.h
gateway_libenrol_la_CFLAGS = $(AM_CFLAGS) $(MHD_CFLAGS)
ENROL_LIBS = gateway/libenrol.la $(MHD_LIBS)

# The global controller, apart so that a test can link it.
noinst_LTLIBRARIES += gateway/libglobal.la
gateway_libglobal_la_SOURCES = \
	gateway/allocate.c \
	gateway/allocate.h \
	gateway/common-wire.c \
	gateway/common-wire.h \
	gateway/edges.c \
	gateway/edges.h \
	gateway/global.c \
	gateway/global.h \
	gateway/history.c \
	gateway/history.h \
	gateway/liveness.c \
	gateway/liveness.h \
	gateway/plant.c \
	gateway/plant.h \
	gateway/serving.c \
	gateway/serving.h

# nethv-gateway, one for each cloud.
sbin_PROGRAMS += gateway/nethv-gateway
gateway_nethv_gateway_SOURCES = \
	gateway/agent-link.c \
	gateway/agent-link.h \
	gateway/bandwidth.c \
	gateway/bandwidth.h \
	gateway/checkpoint.c \
	gateway/checkpoint.h \
	gateway/delivery.c \
	gateway/delivery.h \
	gateway/gateway.c \
	gateway/gateway.h \
	gateway/gateway-state.c \
	gateway/gateway-state.h \
	gateway/healer.c \
	gateway/healer.h \
	gateway/home.c \
	gateway/home.h \
	gateway/nethv-gateway.c \
	gateway/partners.c \
	gateway/partners.h \
	gateway/peers.c \
	gateway/peers.h \
	gateway/plans.c \
	gateway/plans.h \
	gateway/prober.c \
	gateway/prober.h \
	gateway/relays.c \
	gateway/relays.h \
	gateway/trees.c \
	gateway/trees.h \
	gateway/tunnels.c \
	gateway/tunnels.h
gateway_nethv_gateway_LDADD = gateway/libglobal.la $(ENROL_LIBS) $(CORE_LIBS)
systemdsystemunit_DATA += gateway/nethv-database.service gateway/nethv-gateway.service gateway/nethv-relay.service
CLEANFILES += gateway/nethv-database.service gateway/nethv-gateway.service gateway/nethv-relay.service
EXTRA_DIST += gateway/nethv-database.service.in gateway/nethv-gateway.service.in gateway/nethv-relay.service.in
gateway/nethv-database.service: gateway/nethv-database.service.in build-aux/unit-hardening Makefile
	$(UNIT)
gateway/nethv-gateway.service: gateway/nethv-gateway.service.in build-aux/unit-hardening Makefile
	$(UNIT)
gateway/nethv-relay.service: gateway/nethv-relay.service.in build-aux/unit-hardening Makefile
	$(UNIT)
