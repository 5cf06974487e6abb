# SPDX-License-Identifier: Apache-2.0
"""The layers of nethv, as data: what stands where, and what is pure.

    programs    agent/  gateway/  cli/  lab/     one process each
    interface   lib/api/                         libnethv's wrappers
    shells      lib/ovs/                         the only code with I/O
    decisions   lib/compile/ and what joins it with other parts
    facts       lib/                             model, documents, trace
    values      lib/                             addresses, rules, notations

Includes point down, or stay within a layer.  What is below the shells is pure:
bytes, values and the time in; values, bytes and a deadline out.
"""

import pathlib

TOP = pathlib.Path(__file__).resolve().parents[2]

VALUES, FACTS, DECISIONS, SHELLS, INTERFACE, PROGRAMS = range(6)
NAMES = ("values", "facts", "decisions", "shells", "interface", "programs")

# By folder; the longest that fits counts.
FOLDERS = {
    "include/nethv": VALUES,
    "lib": FACTS,
    "lib/compile": DECISIONS,
    "lib/vswitch": DECISIONS,
    "lib/move": DECISIONS,
    "lib/place": DECISIONS,
    "lib/ovs": SHELLS,
    "lib/api": INTERFACE,
    "agent": PROGRAMS,
    "gateway": PROGRAMS,
    "cli": PROGRAMS,
    "lab": PROGRAMS,
}

# Files of lib/ that are not facts, without suffix.
FILES = {name: VALUES for name in (
    "control-frame", "db-home", "json-cursor", "json-scan", "json-value",
    "notation", "numbers", "pipeline", "rule", "rule-set", "token", "too-big",
    "versions", "whole", "wire")}
FILES["twin"] = DECISIONS       # Joins compiled rules with traces.
FILES["nethv-idl"] = SHELLS     # Generated.

# The installed headers of the interface; wire.h is for all.
INSTALLED = {"client", "document", "model", "nethv", "rules", "trace", "tree"}

# Headers that bring what pure code must not have.
IMPURE_HEADERS = (
    r"sys/.*", r"net/.*", r"linux/.*", r"fcntl\.h", r"unistd\.h", r"time\.h",
    r"poll\.h", r"pthread\.h", r"signal\.h", r"netdb\.h", r"syslog\.h",
    r"openssl/.*", r"netlink/.*",
    r"openvswitch/(poll-loop|rconn|vconn|thread|vlog)\.h",
    r"(stream|stream-ssl|jsonrpc|ovsdb-idl.*|ovsdb-cs|timeval|random|daemon"
    r"|unixctl|process|socket-util|dirs|fatal-signal|latch|seq|ovs-rcu"
    r"|ovs-thread|command-line|netdev.*|netlink.*)\.h",
)

# Functions that do what pure code must not.
IMPURE_SYMBOLS = (
    # The system: files, sockets, processes, environment, threads, terminal.
    r"f?open(at|dir|64)?", r"f?(read|write|close|puts|putc|printf)", r"v?f?printf",
    r"(p|v)?(read|write)v?(64)?", r"puts|putchar|perror", r"std(in|out|err)",
    r"socket(pair)?|bind|connect|listen|accept4?|(send|recv)(to|from|m?msg)?",
    r"poll|select|epoll_.*|eventfd|timerfd_.*|ioctl|fcntl(64)?",
    r"(secure_)?getenv|setenv|environ", r"fork|exec.*|posix_spawn.*|system|popen",
    r"exit|_exit|signal|sigaction|kill|raise",
    r"pthread_.*", r"syslog|openlog", r"getpid|gethostname|uname",
    r"getaddrinfo|gethostby.*",
    # Clocks and chance.
    r"time|clock|clock_gettime|gettimeofday|nanosleep|u?sleep|localtime.*|gmtime.*",
    r"rand|srand|random|srandom|drand48|getrandom|getentropy|arc4random.*|RAND_.*",
    # Open vSwitch's ways to the same.
    r"time_.*|timewarp_.*|xgettimeofday|xclock_gettime",
    r"random_.*|uuid_generate|uuid_init",
    r"vlog.*|ovs_fatal|ovs_error.*",
    r"poll_.*|stream_.*|pstream_.*|jsonrpc_.*|rconn_.*|vconn_.*|unixctl_.*",
    r"ovsdb_idl_.*|ovsdb_cs_.*|daemon.*|process_.*|fatal_signal_.*|latch_.*|seq_.*",
    r"ovsrcu_.*|ovs_mutex_.*|ovs_thread_.*|get_null_fd|alloc_xid|ofpraw_alloc",
    r"netdev_.*|nl_sock_.*|rtnl_.*",
    # State that all threads share: xids from a counter.
    r"ofputil_encode_flow_mod",
)

# What is allowed all the same, and why: {symbol: reason}.
ALLOWED_SYMBOLS = {
}
