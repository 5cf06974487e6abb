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
