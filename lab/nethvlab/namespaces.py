# SPDX-License-Identifier: Apache-2.0
"""Machines of the lab: a set of namespaces kept by a holder process.

A node has its own mount, network, UTS and PID namespace.  The holder is
process 1 of the PID namespace: when it dies the kernel ends every process of
the node, and with them go its mounts, interfaces and links.  So taking a node
down is killing one process, whatever state the node is in.

Holders are identified by pid and start time, and killed by pidfd: no process
of somebody else can be hit.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import time
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Sequence

from . import LabError

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_REC, MS_PRIVATE = 0x4000, 0x40000
SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17

# What each node has for itself, so that programs run with default paths.
PRIVATE_DIRECTORIES = (
    "/run/openvswitch", "/etc/openvswitch", "/var/lib/openvswitch",
    "/var/log/openvswitch", "/run/nethv", "/etc/nethv", "/var/lib/nethv",
    "/var/log/nethv", "/run/netns")

# What no node must see: a systemd that is not its own.
HIDDEN_DIRECTORIES = ("/run/systemd",)

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def _mount(source: str, target: str, kind: str | None, flags: int,
           data: str | None = None) -> None:
    def encode(text: str | None) -> bytes | None:
        return text.encode() if text is not None else None

    _check(_libc.mount(encode(source), encode(target), encode(kind),
                       ctypes.c_ulong(flags), encode(data)),
           f"mount {target}")


def start_time(pid: int) -> int | None:
    """When process 'pid' began, in clock ticks since boot; None if there is
    no such process or it is a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii",
                  errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


@dataclass(frozen=True)
class Node:
    """A machine of the lab, by its holder process."""

    name: str
    pid: int
    start: int

    def alive(self) -> bool:
        return start_time(self.pid) == self.start

    def path(self, path: str) -> str:
        """The node's file 'path' as a path outside of the node."""
        return f"/proc/{self.pid}/root{path}"

    def wrap(self, argv: Sequence[str], netns: str | None = None) -> list[str]:
        """The command that runs 'argv' on the node, or in the network
        namespace 'netns' of it."""
        if not self.alive():
            raise LabError(f"{self.name} is not running")
        inner = ["ip", "netns", "exec", netns] if netns else []
        return ["nsenter", "-t", str(self.pid), "-m", "-u", "-n", "-p", "--",
                *inner, *argv]

    def run(self, argv: Sequence[str], *, netns: str | None = None,
            check: bool = True, stdin: str | None = None,
            env: Mapping[str, str] | None = None,
            timeout: float | None = 60) -> subprocess.CompletedProcess[str]:
        """Runs 'argv' to its end, with output captured as text."""
        result = subprocess.run(
            self.wrap(argv, netns), text=True, capture_output=True,
            env=env, timeout=timeout, check=False, errors="replace",
            input=stdin or "")
        if check and result.returncode:
            said = (result.stderr or result.stdout).strip()
            raise LabError(f"on {self.name}, `{' '.join(argv)}` failed "
                           f"({result.returncode}): {said}")
        return result

    def popen(self, argv: Sequence[str], *, netns: str | None = None,
              **options: Any) -> subprocess.Popen[Any]:
        """Starts 'argv' on the node; 'options' are those of Popen."""
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen(self.wrap(argv, netns), **options)

    def batch(self, commands: Sequence[str]) -> None:
        """Runs 'commands' of ip(8) in the node's network namespace."""
        # Only the network namespace: "netns PID" means pids of ours.
        result = subprocess.run(
            ["nsenter", "-t", str(self.pid), "-n", "ip", "-batch", "-"],
            input="\n".join(commands) + "\n", text=True, capture_output=True,
            check=False)
        if result.returncode:
            number = result.stderr.rpartition("Command failed -:")[2].strip()
            at = (commands[int(number) - 1] if number.isdigit()
                  and int(number) <= len(commands) else "?")
            raise LabError(f"on {self.name}, `ip {at}` failed: "
                           f"{result.stderr.strip()}")

    def kill(self) -> None:
        """Ends the node and all its processes; does nothing if it is gone."""
        try:
            fd = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.alive():
                signal.pidfd_send_signal(fd, signal.SIGKILL)
                select.select([fd], [], [], 10)
        finally:
            os.close(fd)


class network_of:
    """Context in which this thread is in the network namespace of 'node', or
    in the one that is called 'netns' there."""

    def __init__(self, node: Node, netns: str | None = None):
        self.there = (node.path(f"/run/netns/{netns}") if netns
                      else f"/proc/{node.pid}/ns/net")
        self.home = -1

    def __enter__(self) -> None:
        try:
            there = os.open(self.there, os.O_RDONLY)
        except OSError as error:
            raise LabError(f"no network namespace {self.there}: "
                           f"{error.strerror}") from error
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            _check(_libc.setns(there, CLONE_NEWNET), "setns")
        finally:
            os.close(there)

    def __exit__(self, *_: object) -> None:
        _check(_libc.setns(self.home, CLONE_NEWNET), "setns")
        os.close(self.home)


def checksums_off(node: Node, interfaces: Sequence[str]) -> None:
    """Makes the kernel fill in checksums on 'interfaces' of 'node': what
    reads packets there (Open vSwitch, nethv-wan) takes them as they are."""
    with network_of(node), socket.socket(socket.AF_INET,
                                         socket.SOCK_DGRAM) as sock:
        for interface in interfaces:
            value = ctypes.create_string_buffer(
                struct.pack("=II", ETHTOOL_STXCSUM, 0))
            request = struct.pack("16sP", interface.encode(),
                                  ctypes.addressof(value)).ljust(40, b"\0")
            fcntl.ioctl(sock, SIOCETHTOOL, request)


def set_sysctl(node: Node, values: Mapping[str, str]) -> None:
    """Writes 'values', paths below /proc/sys/net, in 'node'."""
    with network_of(node):
        for path, value in values.items():
            with open(f"/proc/sys/net/{path}", "w", encoding="ascii") as f:
                f.write(value)


# Starting nodes.

@dataclass
class _Birth:
    """A holder that has been started and waits for leave to go on."""

    name: str
    gate: int                   # Written to let it go on; closed to end it.
    report: int                 # Read: its pid, a space, "ready" or an error.


def _arrange(hostname: str, hide: str) -> None:
    """Makes the mounts of a node, in its new namespaces."""
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    quiet = MS_NOSUID | MS_NODEV | MS_NOEXEC
    _mount("proc", "/proc", "proc", quiet)
    _mount("sysfs", "/sys", "sysfs", quiet)
    for directory in (*PRIVATE_DIRECTORIES, *HIDDEN_DIRECTORIES, hide):
        if directory in PRIVATE_DIRECTORIES or os.path.isdir(directory):
            _mount("nethv-lab", directory, "tmpfs", MS_NOSUID | MS_NODEV,
                   "mode=0755")
    socket.sethostname(hostname)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def _hold(title: str, hostname: str, hide: str, gate: int,
          report: int) -> None:
    """The life of a holder, from its first instruction; never returns."""
    try:
        os.setsid()
        # This is still the /proc of the outside: our pid as seen there.
        os.write(report, os.readlink("/proc/self").encode() + b" ")
        _arrange(hostname, hide)
        os.write(report, b"ready")
        if os.read(gate, 1) != b"!":
            os._exit(1)
        null = os.open("/dev/null", os.O_RDWR)
        for fd in 0, 1, 2:
            os.dup2(null, fd)
        os.closerange(3, 4096)
        os.chdir("/")
        # Ignored over exec: orphans of the node leave no zombies.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        os.execv("/bin/sleep", [title, "infinity"])
    except Exception as error:          # pylint: disable=broad-except
        os.write(report, str(error).encode())
    finally:
        # Whatever happens: this must not go on in the place of its parent.
        os._exit(1)


def _bear(name: str, title: str, hide: str, others: Sequence[_Birth]
          ) -> _Birth:
    gate_read, gate_write = os.pipe()
    report_read, report_write = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            for fd in [gate_write, report_read, *(b.gate for b in others),
                       *(b.report for b in others)]:
                os.close(fd)
            if _libc.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWNET
                             | CLONE_NEWPID):
                code = ctypes.get_errno()
            elif not os.fork():
                _hold(title, name, hide, gate_read, report_write)
            else:
                code = 0
        finally:
            os._exit(code)
    os.close(gate_read)
    os.close(report_write)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise LabError(f"cannot make namespaces for {name}: "
                       f"{os.strerror(code) if code > 0 else 'killed'}")
    return _Birth(name, gate_write, report_read)


def _read_node(birth: _Birth) -> Node:
    """The node of 'birth', once it is ready."""
    text = ""
    deadline = time.monotonic() + 20
    while not text.endswith("ready"):
        if not select.select([birth.report], [], [],
                             max(0.0, deadline - time.monotonic()))[0]:
            raise LabError(f"{birth.name} did not get ready within 20 s")
        more = os.read(birth.report, 4096).decode(errors="replace")
        if not more:
            raise LabError(f"{birth.name} did not start: "
                           f"{text.partition(' ')[2] or 'no reason given'}")
        text += more
    pid = int(text.partition(" ")[0])
    start = start_time(pid)
    if start is None:
        raise LabError(f"{birth.name} died while it started")
    return Node(birth.name, pid, start)


def start_nodes(names: Sequence[str], lab: str, hide: str,
                commit: Callable[[list[Node]], None]) -> None:
    """Starts a node for each of 'names' in lab 'lab'; 'hide' is a directory
    that they must not see.

    'commit' is called when all of them exist and before any of them can
    outlive this process: it must write them down."""
    births: list[_Birth] = []
    try:
        for name in names:
            births.append(_bear(name, f"nethv-lab:{lab}/{name}", hide, births))
        nodes = [_read_node(birth) for birth in births]
        commit(nodes)
        for birth in births:
            os.write(birth.gate, b"!")
    finally:
        for birth in births:
            os.close(birth.gate)
            os.close(birth.report)


def make_private_directories() -> list[str]:
    """Makes the mount points that this machine lacks and returns them."""
    made = []
    for directory in PRIVATE_DIRECTORIES:
        try:
            os.mkdir(directory, 0o755)
            made.append(directory)
        except FileExistsError:
            pass
        except OSError as error:
            if error.errno == errno.ENOENT:
                raise LabError(f"{os.path.dirname(directory)} is missing on "
                               "this machine") from error
            raise
    return made
