# SPDX-License-Identifier: Apache-2.0
"""Hosts that are virtual machines with a kernel of their own.

The VM of a host runs in the host's node, whose files it sees (virtiofs).  It
writes only to the directories that the node has for itself; all else that it
writes is gone with it.  Its NIC is bridged to the node's; a second one joins
it with its node alone, for the commands that are run in it (lab/vm-run).

The kernel is Debian's for clouds, unpacked into a cache: it has Open vSwitch's
datapath with all tunnels, whatever this machine's own kernel has.
"""

from __future__ import annotations

import gzip
import io
import os
import socket
import struct
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

from . import LabError
from .namespaces import PRIVATE_DIRECTORIES, Node, checksums_off
from .scenario import HERE, Cloud, Host

CACHE = Path("/var/cache/nethv")
PACKAGE = "linux-image-cloud-amd64"
VIRTIOFSD = "/usr/lib/qemu/virtiofsd"
MEMORY_MB = 256
GATEWAY_MEMORY_MB = 512             # It has more processes.
# A machine of one's own does not wait for the processes of others.
PRIORITY = -5
NODE_IP = "169.254.254.1"
STATE = "/run/nethv/vm"             # In the node.
BOOT_TIMEOUT = 120
SO_SNDBUFFORCE = 32
# Without these nothing else can be read; in the order of loading.
EARLY_MODULES = ("virtio_ring", "virtio", "virtio_pci_legacy_dev",
                 "virtio_pci_modern_dev", "virtio_pci", "failover",
                 "net_failover", "virtio_net", "fuse", "virtiofs", "overlay")
# Open vSwitch 3.1 counts the machine's cores once in ten seconds, beginning
# with none: started earlier it has no threads to handle packets.
OVS_UPTIME = 10.5


@dataclass(frozen=True)
class VmNode(Node):
    """A node in which a VM runs: commands go to the VM."""

    def wrap(self, argv: Sequence[str], netns: str | None = None) -> list[str]:
        if not self.alive():
            raise LabError(f"{self.name} is not running")
        inner = ["ip", "netns", "exec", netns] if netns else []
        return ["nsenter", "-t", str(self.pid), "-m", "-n", "-p", "--",
                str(HERE / "vm-run"), "--", *inner, *argv]

    def batch(self, commands: Sequence[str]) -> None:
        self.run(["ip", "-batch", "-"], stdin="\n".join(commands) + "\n")


def check_machine() -> None:
    missing = [path for path in ("/usr/bin/qemu-system-x86_64", VIRTIOFSD,
                                 "/bin/busybox") if not os.path.exists(path)]
    if missing:
        raise LabError(f"{', '.join(missing)} missing: apt install "
                       "qemu-system-x86 qemu-system-common busybox-static")


# The kernel.

def _newest_kernel() -> str:
    shown = subprocess.run(["apt-cache", "depends", PACKAGE], text=True,
                           capture_output=True, check=False).stdout
    for line in shown.splitlines():
        if "Depends: linux-image-" in line:
            return line.split()[-1]
    raise LabError(f"no package {PACKAGE}: apt update")


def kernel() -> Path:
    """The directory with Debian's cloud kernel and its modules; fetched the
    first time."""
    for there in sorted(CACHE.glob("linux-image-*")):
        if (there / "boot").is_dir():
            return there
    name = _newest_kernel()
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        try:
            subprocess.run(["apt-get", "download", name], cwd=work, check=True,
                           capture_output=True)
            package, = Path(work).glob("*.deb")
            subprocess.run(["dpkg", "-x", str(package), f"{work}/unpacked"],
                           check=True)
        except (subprocess.CalledProcessError, ValueError) as error:
            raise LabError(f"cannot fetch the package {name}: {error}"
                           ) from error
        version = name.removeprefix("linux-image-")
        subprocess.run(["depmod", "-b", f"{work}/unpacked", version],
                       check=True)
        os.rename(f"{work}/unpacked", CACHE / name)
    return CACHE / name


def _version(directory: Path) -> str:
    return directory.name.removeprefix("linux-image-")


# The initramfs: an archive of cpio's format "newc".

class _Archive:
    def __init__(self) -> None:
        self.data = io.BytesIO()
        self.number = 0

    def add(self, name: str, mode: int, content: bytes = b"") -> None:
        self.number += 1
        fields = (self.number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0,
                  len(name) + 1, 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        for part in header + name.encode() + b"\0", content:
            self.data.write(part)
            self.data.write(b"\0" * (-self.data.tell() % 4))

    def finish(self) -> bytes:
        self.add("TRAILER!!!", 0)
        return gzip.compress(self.data.getvalue(), 1)


def initramfs(directory: Path, modules: Sequence[str], init: bytes) -> bytes:
    """What a VM begins with: the first process 'init', busybox, and 'modules' of
    the kernel in 'directory', whose order is in /modules/order."""
    archive = _Archive()
    for name in "bin", "dev", "mnt", "modules", "proc", "root", "sys":
        archive.add(name, 0o040755)
    archive.add("init", 0o100755, init)
    archive.add("bin/busybox", 0o100755, Path("/bin/busybox").read_bytes())
    order = []
    for name in modules:
        for path in (directory / "lib/modules").rglob(f"{name}.ko"):
            archive.add(f"modules/{path.name}", 0o100644, path.read_bytes())
            order.append(path.name)
    archive.add("modules/order", 0o100644,
                "".join(f"{name}\n" for name in order).encode())
    return archive.finish()


# Starting.

def _bridge_nic(node: Node, host: Host, cloud: Cloud) -> None:
    """Joins the VM's two NICs with the node's and with the node."""
    node.batch([
        "tuntap add tap0 mode tap", "tuntap add tap1 mode tap",
        f"link set tap0 mtu {cloud.mtu} up",
        f"address add {NODE_IP}/30 dev tap1", "link set tap1 up",
        f"link add nic mtu {cloud.mtu} type bridge forward_delay 0 "
        "mcast_snooping 0",
        # The VM has the NIC's address.
        f"link set eth0 address 0e:{host.mac[3:]}",
        "link set eth0 master nic up", "link set tap0 master nic",
        "link set nic up"])
    checksums_off(node, ["eth0", "tap0"])


def _qemu(host: Host, cloud: Cloud, directory: Path) -> list[str]:
    version, state = _version(directory), STATE
    share = ",".join(PRIVATE_DIRECTORIES)
    memory = GATEWAY_MEMORY_MB if host.gateway else MEMORY_MB
    words = ["console=ttyS0", "quiet", "panic=-1", "ipv6.disable_ipv6=0",
             f"nethv.share={share}", f"nethv.run={HERE / 'vm-run'}",
             f"nethv.modules={directory}", f"hostname={host.name}"]
    return [
        "nice", "-n", str(PRIORITY), "qemu-system-x86_64",
        "-name", host.name, "-machine", "q35",
        "-accel", "tcg", "-cpu", "qemu64", "-m", str(memory), "-display",
        "none", "-no-reboot", "-nodefaults",
        "-object", f"memory-backend-memfd,id=mem,size={memory}M,share=on",
        "-numa", "node,memdev=mem",
        "-kernel", str(directory / f"boot/vmlinuz-{version}"),
        "-initrd", f"{state}/initramfs", "-append", " ".join(words),
        "-serial", f"file:{state}/console",
        "-chardev", f"socket,id=fs,path={state}/virtiofs.sock",
        "-device", "vhost-user-fs-pci,chardev=fs,tag=root",
        *_nic(0, host.mac, cloud.mtu), *_nic(1, f"0c:{host.mac[3:]}", 1500),
        "-daemonize", "-pidfile", f"{state}/qemu.pid"]


def _nic(number: int, mac: str, mtu: int) -> list[str]:
    return ["-netdev", f"tap,id=n{number},ifname=tap{number},script=no,"
            "downscript=no,vhost=off,vnet_hdr=off",
            "-device", f"virtio-net-pci,netdev=n{number},mac={mac},"
            f"host_mtu={mtu},romfile="]


def start(node: VmNode, host: Host, cloud: Cloud) -> None:
    """Boots the VM of 'host' and waits until commands can be run in it."""
    directory = kernel()
    inside = Node(node.name, node.pid, node.start)
    _bridge_nic(inside, host, cloud)
    state = Path(inside.path(STATE))
    state.mkdir(parents=True, exist_ok=True)
    (state / "initramfs").write_bytes(initramfs(
        directory, EARLY_MODULES, (HERE / "vm-init").read_bytes()))
    inside.run(["sh", "-ec", f"""
        mkdir -p /run/virtiofsd     # For its locks.
        mount -t tmpfs virtiofsd /run/virtiofsd
        nice -n {PRIORITY} \
            {VIRTIOFSD} --socket-path={STATE}/virtiofs.sock -o source=/ \
            -o sandbox=chroot -o cache=auto \
            >{STATE}/virtiofsd.log 2>&1 </dev/null &
        for i in $(seq 100); do
            [ -S {STATE}/virtiofs.sock ] && exit 0
            sleep 0.05
        done
        cat {STATE}/virtiofsd.log >&2
        exit 1"""])
    inside.run(_qemu(host, cloud, directory))
    _wait_ready(node, state)


def _wait_ready(node: VmNode, state: Path) -> None:
    deadline = time.monotonic() + BOOT_TIMEOUT
    while node.run(["true"], check=False).returncode:
        if time.monotonic() > deadline:
            console = (state / "console").read_text(errors="replace")
            raise LabError(f"{node.name} did not boot within {BOOT_TIMEOUT} "
                           f"s; its console says: {console[-2000:]}")
        time.sleep(0.1)
    up = float(node.run(["cat", "/proc/uptime"]).stdout.split()[0])
    time.sleep(max(0.0, OVS_UPTIME - up))
    for module in "openvswitch", "vport-gre", "vport-geneve", "vport-vxlan":
        node.run(["modprobe", module])


# Frames.

class VmWire:
    """The interface of a workload in a VM as a socket of this process: each
    message is a frame."""

    def __init__(self, process: subprocess.Popen[bytes]):
        assert process.stdin and process.stdout
        self.process = process
        self.sock, self.inner = socket.socketpair(socket.AF_UNIX,
                                                  socket.SOCK_SEQPACKET)
        for sock in self.sock, self.inner:
            sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 24)
        if self._read(4) != bytes(4):
            raise LabError("vm-wire did not start")
        for target in self._pass_in, self._pass_out:
            threading.Thread(target=target, daemon=True).start()

    def _read(self, n: int) -> bytes:
        assert self.process.stdout
        return self.process.stdout.read(n)

    def _pass_in(self) -> None:
        while header := self._read(4):
            try:
                self.inner.send(self._read(struct.unpack("!I", header)[0]))
            except OSError:
                break

    def _pass_out(self) -> None:
        assert self.process.stdin
        try:
            while frame := self.inner.recv(65536):
                self.process.stdin.write(struct.pack("!I", len(frame)) + frame)
                self.process.stdin.flush()
        except OSError:
            pass                        # Closed with frames not read yet.
        self.process.stdin.close()
        self.process.wait()
        self.inner.close()
