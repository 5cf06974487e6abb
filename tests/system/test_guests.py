# SPDX-License-Identifier: Apache-2.0
"""The recipes of doc/tutorial.md for guests of QEMU and libvirt: each boots
Debian's cloud kernel with little else, and answers through the network."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil

import pytest

from conftest import TOP
from nethvlab import nethv, vm
from reach import ping
from wires import LONG, wait_until

pytestmark = pytest.mark.skipif(
    not LONG,
    reason="guests without acceleration take their time: "
           "./quickstart test --long")

DOCUMENT = {"nethv": 1, "tenant": "acme", "networks": [{
    "name": "shop", "switches": [{"name": "s2", "ports": [
        {"name": name, "mac": f"02:00:00:00:00:0{i}", "ips": [f"192.168.7.{i}/24"]}
        for i, name in enumerate(("web", "db", "vm", "guest"), 1)]}]}]}
SCENARIO = {
    "nethv-lab": 1, "name": "guests", "clouds": [
        {"name": "c1", "provider": "private", "hosts": [
            {"name": "gw1", "public_ip": "198.51.100.1"}, {"name": "vm1"}]}],
    "networks": [DOCUMENT],
    "endpoints": [{"name": "web", "host": "gw1", "port": "acme/shop/s2/web"}]}
BOOT = 120.0
MODULES = ("virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev",
           "virtio_pci", "failover", "net_failover", "virtio_net")
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
while read -r module; do insmod "/modules/$module"; done </modules/order
ip address add "$(tr ' ' '\\n' </proc/cmdline | sed -n s/^guest.ip=//p)" dev eth0
ip link set eth0 up
ip link show eth0
while :; do sleep 3600; done
"""


def section(title):
    text = (TOP / "doc/tutorial.md").read_text("utf-8")
    return re.search(rf"^### {title}\n(.*?)^###? ", text, re.M | re.S)[1]


def block(title, kind):
    """The one block of 'kind' in the recipe called 'title'."""
    found, = re.findall(rf"^```{kind}\n(.*?)^```$", section(title), re.M | re.S)
    return found


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """What a guest boots: kernel and initramfs."""
    vm.check_machine()
    directory = vm.kernel()
    path = tmp_path_factory.mktemp("guest") / "initramfs"
    path.write_bytes(vm.initramfs(directory, MODULES, INIT.encode()))
    return next(directory.glob("boot/vmlinuz-*")), path


@contextlib.contextmanager
def running(lab, words, directory):
    """'words' runs on vm1 meanwhile."""
    process = lab.popen("vm1", ["sh", "-c", 'echo $$ >"$0/pid"; exec "$@"',
                                str(directory), *words])
    try:
        yield
    finally:
        lab.run("vm1", ["kill", (directory / "pid").read_text().strip()],
                check=False)
        process.wait(20)


def answers_with_its_mtu(lab, address, mtu):
    wait_until(lambda: ping(lab, "web", address, "-c", "1")[0], BOOT, f"{address} answers")
    assert lab.run("web", ["ping", "-c", "1", "-W", "5", "-M", "do", "-s",
                           str(mtu - 28), address]).stdout


def tap_mtu(lab, interface):
    return int(lab.run("vm1", ["cat", f"/sys/class/net/{interface}/mtu"]).stdout)


def test_qemu(lab, image, tmp_path):
    kernel, initramfs = image
    lab.run("vm1", ["nethv-agent", "attach", "acme/shop/s2/vm", "--tap",
                    "nethv-vm"])
    mtu = tap_mtu(lab, "nethv-vm")
    recipe = block("QEMU", "sh").replace("MTU", str(mtu))
    recipe, n = re.subn(r"-drive \S+", f"-kernel {kernel} -initrd {initramfs} "
                        "-append 'quiet console=ttyS0 guest.ip=192.168.7.3/24'",
                        recipe)
    assert n == 1
    words = shlex.split(recipe.replace("\\\n", " "))
    with running(lab, [*words, "-display", "none", "-no-reboot", "-serial",
                       f"file:{tmp_path}/console"], tmp_path):
        answers_with_its_mtu(lab, "192.168.7.3", mtu)
    lab.run("vm1", ["nethv-agent", "detach", "acme/shop/s2/vm"])


DOMAIN = """<domain type='qemu'>
  <name>guest</name>
  <memory unit='MiB'>256</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{initramfs}</initrd>
    <cmdline>quiet guest.ip=192.168.7.4/24</cmdline>
  </os>
  <devices>
    {interface}
  </devices>
</domain>
"""


# libvirt wants its user, whom Debian makes with a package that wants systemd.
ALONE = """
for file in passwd group; do
    cp /etc/$file "$0/$file"
done
echo 'libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin' >>"$0/passwd"
echo 'libvirt-qemu:x:64055:' >>"$0/group"
for file in passwd group; do
    mount --bind "$0/$file" "/etc/$file"
done
exec virt-qemu-run --root "$0" "$1"
"""


@pytest.mark.skipif(not shutil.which("virt-qemu-run"),
                    reason="needs virt-qemu-run of libvirt")
def test_libvirt(lab, image, tmp_path):
    """Nothing is attached: libvirt puts the interface into Open vSwitch."""
    kernel, initramfs = image
    uuid = nethv.ctl(lab, "get", "Port", "acme/shop/s2/guest", "_uuid").strip()
    interface = block("libvirt", "xml").replace("UUID", uuid)
    definition = tmp_path / "guest.xml"
    definition.write_text(DOMAIN.format(kernel=kernel, initramfs=initramfs,
                                        interface=interface))
    root = tmp_path / "libvirt"
    root.mkdir()
    (root / "etc").mkdir()
    (root / "etc/qemu.conf").write_text(
        'security_driver = "none"\nuser = "root"\ngroup = "root"\n'
        "cgroup_controllers = []\nnamespaces = []\n"
        'stdio_handler = "file"\n')
    with running(lab, ["unshare", "-m", "sh", "-ec", ALONE, str(root),
                       str(definition)], tmp_path):
        nethv.ctl(lab, "--timeout=50", "wait-until", "Claim", uuid,
                  "status=bound")
        wait_until(lambda: ping(lab, "web", "192.168.7.4", "-c", "1")[0], BOOT,
                   "the guest answers")
