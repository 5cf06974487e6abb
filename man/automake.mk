# man
dist_man_MANS += man/nethv.3 man/nethv-demo.8 man/nethv-lab.8 man/nethv-wan.8
dist_man_MANS += man/nethvctl.8

# From the schema and its description, which must name every column.
nodist_man_MANS = man/nethv.db.5
CLEANFILES += man/nethv.db.5
EXTRA_DIST += lib/nethv.xml
OVSDB_DOC = PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$(OVS_DIR)/python $(PYTHON) $(OVS_DIR)/ovsdb/ovsdb-doc
man/nethv.db.5: lib/nethv.ovsschema lib/nethv.xml
	@$(MKDIR_P) man
	$(AM_V_GEN)$(OVSDB_DOC) --version=$(VERSION) $(top_srcdir)/lib/nethv.ovsschema $(top_srcdir)/lib/nethv.xml > $@.tmp && \
	sed 's/Open vSwitch Manual/nethv Manual/' $@.tmp > $@ && rm -f $@.tmp
dist_man_MANS += man/nethv-document.5
dist_man_MANS += man/nethv.7 man/nethv-agent.8 man/nethv-gateway.8

# From the lists of the pipeline and of the compiler's roles.
nodist_man_MANS += man/nethv-flows.7
CLEANFILES += man/nethv-flows.7
EXTRA_DIST += man/nethv-flows.7.in man/nethv-flows.py
man/nethv-flows.7: man/nethv-flows.py man/nethv-flows.7.in lib/pipeline.h lib/compile/internal.h
	@$(MKDIR_P) man
	$(AM_V_GEN)$(PYTHON) $(srcdir)/man/nethv-flows.py $(srcdir)/lib/pipeline.h $(srcdir)/lib/compile/internal.h $(srcdir)/man/nethv-flows.7.in > $@.tmp && mv $@.tmp $@
