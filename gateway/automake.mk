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

# nethv-gateway, one for each cloud.
sbin_PROGRAMS += gateway/nethv-gateway
gateway_nethv_gateway_SOURCES = \
	gateway/agent-link.c \
	gateway/agent-link.h \
	gateway/allocate.c \
	gateway/allocate.h \
	gateway/edges.c \
	gateway/edges.h \
	gateway/gateway.c \
	gateway/gateway.h \
	gateway/global.c \
	gateway/global.h \
	gateway/liveness.c \
	gateway/liveness.h \
	gateway/nethv-gateway.c \
	gateway/plant.c \
	gateway/plant.h
gateway_nethv_gateway_LDADD = $(ENROL_LIBS) $(CORE_LIBS)
