# The lab: many clouds on one machine.
labdir = $(pkgdatadir)/lab
labpkgdir = $(labdir)/nethvlab
labscenariodir = $(labdir)/scenarios

dist_sbin_SCRIPTS += lab/nethv-demo lab/nethv-lab

pkglibexec_PROGRAMS += lab/nethv-wan
lab_nethv_wan_SOURCES = \
	lab/nethv-wan.c \
	lab/wan/link.c \
	lab/wan/link.h \
	lab/wan/ring.c \
	lab/wan/ring.h \
	lab/wan/shape.c \
	lab/wan/shape.h
lab_nethv_wan_LDADD = $(OVS_LIBS)

dist_lab_DATA = lab/cloud-rtt.csv
dist_lab_SCRIPTS = lab/vm-init lab/vm-run lab/vm-wire lab/who
dist_labscenario_DATA = \
	lab/scenarios/eight-clouds.json \
	lab/scenarios/private.json \
	lab/scenarios/three-clouds.json \
	lab/scenarios/two-hosts.json
dist_labpkg_DATA = \
	lab/nethvlab/__init__.py \
	lab/nethvlab/cli.py \
	lab/nethvlab/cloud.py \
	lab/nethvlab/demo.py \
	lab/nethvlab/frames.py \
	lab/nethvlab/generate.py \
	lab/nethvlab/host.py \
	lab/nethvlab/lab.py \
	lab/nethvlab/namespaces.py \
	lab/nethvlab/nethv.py \
	lab/nethvlab/scenario.py \
	lab/nethvlab/state.py \
	lab/nethvlab/talk.py \
	lab/nethvlab/vm.py \
	lab/nethvlab/wan.py
