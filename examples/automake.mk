# Examples: installed as they are, built by pkg-config alone.
examplesdir = $(docdir)/examples
dist_examples_DATA = \
	examples/Makefile \
	examples/example-follow.c \
	examples/example-places.cc \
	examples/example-rules.c \
	examples/inventory.json \
	examples/shop.json
