# SPDX-License-Identifier: Apache-2.0
"""A VM of the lab: its addresses, Open vSwitch, and the processes that an
operator of it would see."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

from .namespaces import Node, checksums_off, set_sysctl
from .scenario import Cloud, Host
from .vm import VmNode

NIC = "eth0"
OVS_SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")


@dataclass(frozen=True)
class Process:
    """A daemon on a host: where it writes its pid, and how it is started."""

    pidfile: str
    argv: Sequence[str]


def _ovs(name: str, *arguments: str) -> Process:
    pidfile = f"/run/openvswitch/{name}.pid"
    return Process(pidfile, (
        name, *arguments, f"--pidfile={pidfile}", "--detach", "--no-chdir",
        f"--log-file=/var/log/openvswitch/{name}.log", "-vconsole:off"))


PRIORITY = -10
DB_SOCKET = "/run/openvswitch/db.sock"
PROCESSES = {
    "ovsdb-server": _ovs(
        "ovsdb-server", "/etc/openvswitch/conf.db",
        f"--remote=punix:{DB_SOCKET}",
        "--remote=db:Open_vSwitch,Open_vSwitch,manager_options"),
    "ovs-vswitchd": _ovs("ovs-vswitchd", f"unix:{DB_SOCKET}"),
}


def address(node: Node, host: Host, cloud: Cloud) -> None:
    """Gives 'host' what DHCP would give it: address and default route."""
    node.run(["ip", "-batch", "-"], stdin=f"""\
        address add {host.private_ip}/{cloud.subnet.prefixlen} dev {NIC}
        link set {NIC} up
        route add default via {cloud.router_ip}
        """)
    if not isinstance(node, VmNode):
        checksums_off(node, [NIC])


def start_ovs(node: Node, lab: str, template: Path) -> None:
    """Starts Open vSwitch as Debian's package does, but with few threads;
    'template' is an empty database of its schema."""
    # As there also its priority, where other processes of the host would keep
    # it from saying in time that its tunnels are up.
    first = f"nice -n {PRIORITY} " if isinstance(node, VmNode) else ""
    shutil.copyfile(template, node.path("/etc/openvswitch/conf.db"))
    system_id = uuid.uuid5(uuid.NAMESPACE_DNS, f"{node.name}.{lab}.nethv-lab")
    start = " ".join(PROCESSES["ovsdb-server"].argv)
    switch = " ".join(PROCESSES["ovs-vswitchd"].argv)
    node.run(["sh", "-ec", f"""
        {first}{start}
        ovs-vsctl --no-wait -- init -- set Open_vSwitch . \
            external_ids:system-id={system_id} \
            external_ids:hostname={node.name} \
            other_config:n-handler-threads=1 \
            other_config:n-revalidator-threads=1
        {first}{switch}"""])


def raise_vlan_limit(node: Node) -> None:
    """As apply_vlan_limit() of lib/ovs/vswitch-want.c, which must come before
    the first bridge."""
    node.run(["ovs-vsctl", "set", "Open_vSwitch", ".",
              "other_config:vlan-limit=2", "external_ids:nethv-vlan-limit=1"])


def move_uplink(node: Node, host: Host, cloud: Cloud) -> None:
    """Puts the NIC into br-phy, with the host's address on the bridge, as
    `nethv-agent join --uplink` does: the userspace datapath can send tunnels
    only through a NIC of its own."""
    node.run(["ovs-vsctl", "--may-exist", "add-br", "br-phy", "--",
              "set", "Bridge", "br-phy", "datapath_type=netdev",
              "fail_mode=standalone", f'other_config:hwaddr="{host.mac}"',
              "--", "--may-exist", "add-port", "br-phy", NIC,
              "--", "set", "Interface", "br-phy", f"mtu_request={cloud.mtu}"])
    # The kernel sees each packet of the NIC too, beside Open vSwitch, under
    # the same MAC.  It must not answer ARP there, and not take packets in: the
    # reverse path check refuses them all, as no route leads through the NIC.
    set_sysctl(node, {f"ipv4/conf/{NIC}/rp_filter": "1",
                      f"ipv6/conf/{NIC}/disable_ipv6": "1"})
    node.batch([
        f"address flush dev {NIC}",
        f"link set {NIC} arp off",
        f"address add {host.private_ip}/{cloud.subnet.prefixlen} dev br-phy",
        "link set br-phy up",
        f"route replace default via {cloud.router_ip} dev br-phy"])


# Processes.

def pid_of(node: Node, process: Process) -> int | None:
    """The pid, as the node sees it, of 'process', if it runs."""
    try:
        text = Path(node.path(process.pidfile)).read_text("ascii").strip()
        # A pid that another process has taken over in the meantime is not
        # ours: the daemons of Open vSwitch keep their pid file locked.
        if text.isdigit() and _is_locked(node, process.pidfile, text):
            return int(text)
    except OSError:
        pass
    return None


def _is_locked(node: Node, pidfile: str, pid: str) -> bool:
    if isinstance(node, VmNode):
        # Its locks are not seen from here.
        return not node.run(["sh", "-ec", f"for fd in /proc/{pid}/fd/*; do "
                             f'[ "$fd" -ef {pidfile} ] && exit 0; done; '
                             "exit 1"], check=False).returncode
    with open(node.path(pidfile), "r+b") as file:
        request = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        answer = fcntl.fcntl(file, fcntl.F_GETLK, request)
    kind: int = struct.unpack("hhqqi", answer)[0]
    return kind != fcntl.F_UNLCK
