# SPDX-License-Identifier: Apache-2.0
"""A wrong clock for one program: namespaces share the machine's."""

from __future__ import annotations

import subprocess
from pathlib import Path

SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
static long shift(void) { return atol(getenv("CLOCK_SHIFT")); }
int clock_gettime(clockid_t id, struct timespec *t)
{
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT,
                                                      "clock_gettime");
    int result = real(id, t);
    t->tv_sec += id == CLOCK_REALTIME ? shift() : 0;
    return result;
}
time_t time(time_t *t)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return t ? (*t = now.tv_sec) : now.tv_sec;
}
"""


class Clock:
    """Built once in 'directory'."""

    def __init__(self, directory: Path):
        self.library = directory / "clock.so"
        source = directory / "clock.c"
        source.write_text(SOURCE, encoding="ascii")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", self.library, source,
                        "-ldl"], check=True)
        directory.chmod(0o755)

    def shifted(self, seconds: int) -> list[str]:
        """What env(1) needs for a clock that is 'seconds' ahead."""
        return [f"LD_PRELOAD={self.library}", f"CLOCK_SHIFT={seconds}"]
