# man
dist_man_MANS += man/nethv-lab.8 man/nethv-wan.8
