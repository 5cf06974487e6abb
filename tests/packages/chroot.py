# SPDX-License-Identifier: Apache-2.0
"""A clean Debian to install packages in, thrown away at the end.

The base is made by debootstrap, once a machine, under $NETHV_CACHE (default
/var/cache/nethv).  A Chroot is an overlay over it in namespaces of its own
(mounts, network, processes), so nothing of it outlives the process that holds
them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

MIRROR = "http://deb.debian.org/debian"
SUITE = "bookworm"

# Runs inside the new namespaces, with $1 the base, $2 a folder for the rest.
HOLD = """
set -e
mount -t tmpfs -o size=2g tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount -t proc proc "$2/root/proc"
mount -t sysfs sysfs "$2/root/sys"
mount --rbind /dev "$2/root/dev"
mount -t tmpfs tmpfs "$2/root/run"
mount -t tmpfs tmpfs "$2/root/tmp"
ip link set lo up
# Not chroot: whoever enters another mount namespace leaves that behind.
cd "$2/root"
pivot_root . .
umount -l .
cd /
echo ready
exec sleep infinity
"""


def cache() -> Path:
    return Path(os.environ.get("NETHV_CACHE", "/var/cache/nethv"))


def make_base(packages: list[str]) -> Path:
    """The folder of a Debian that has 'packages' and what they need."""
    key = hashlib.sha256("\n".join([SUITE, *packages]).encode()).hexdigest()[:12]
    base = cache() / f"debian-{SUITE}-{key}"
    if not base.exists():
        new = base.with_suffix(f".{os.getpid()}")
        try:
            subprocess.run(["debootstrap", "--variant=minbase", SUITE, new, MIRROR],
                           check=True, stdout=subprocess.DEVNULL)
            # No daemon is to start here.
            (new / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
            (new / "usr/sbin/policy-rc.d").chmod(0o755)
            subprocess.run(["chroot", new, "apt-get", "install", "-q", "-y",
                            "--no-install-recommends", *packages], check=True,
                           stdout=subprocess.DEVNULL,
                           env=os.environ | {"DEBIAN_FRONTEND": "noninteractive",
                                             "LC_ALL": "C.UTF-8"})
            new.rename(base)
        finally:
            if new.exists():
                shutil.rmtree(new)
    return base


class Chroot:
    def __init__(self, base: Path, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork",
             "--kill-child", "--mount-proc", "sh", "-c", HOLD, "sh", base, folder],
            stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout and self.holder.stdout.readline() == "ready\n"
        children = Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children")
        self.init = int(children.read_text().split()[0])

    @property
    def root(self) -> Path:
        """The root, as seen from outside."""
        return Path(f"/proc/{self.init}/root")

    def run(self, *argv: object, code: int = 0, timeout: float = 300,
            env: dict[str, str] | None = None) -> str:
        """Runs a command inside; returns its output and error output."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.init), "-m", "-n", "-p", "-i", "-u", "--",
             *map(str, argv)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            timeout=timeout,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root",
                 "DEBIAN_FRONTEND": "noninteractive"} | (env or {}))
        assert done.returncode == code, f"{argv}: {done.returncode}\n{done.stdout[-4000:]}"
        return done.stdout

    def files(self) -> set[str]:
        """All that is there, but in what changes anyway."""
        found = set()
        for folder, folders, names in os.walk(f"{self.root}/"):
            here = folder.removeprefix(f"{self.root}/").rstrip("/")
            here = f"/{here}" if here else ""
            found |= {f"{here}/{name}" for name in (*folders, *names)}
            folders[:] = [name for name in folders if f"{here}/{name}" not in CHANGING]
        return {path for path in found if not path.startswith(tuple(c + "/" for c in CHANGING))}

    def close(self) -> None:
        os.kill(self.init, signal.SIGKILL)
        self.holder.wait()
        self.holder.stdout.close()


CHANGING = ("/proc", "/sys", "/dev", "/run", "/tmp", "/var/lib/dpkg", "/var/lib/apt",
            "/var/cache", "/var/log/apt", "/root")
