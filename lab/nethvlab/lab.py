# SPDX-License-Identifier: Apache-2.0
"""A whole lab: brought up, changed and taken down."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Sequence

from . import (LabError, cloud, host, namespaces, nethv, scenario, state, vm,
               wan)
from .namespaces import Node
from .scenario import Scenario
from .state import State

ETH_P_ALL = 3
TOOLS = ("ip", "bridge", "nsenter", "nft", "tcpdump", "ovsdb-tool",
         "ovsdb-server", "ovs-vswitchd", "ovs-vsctl")
SUBDIRECTORIES = ("", "cli", "agent", "gateway", "lab")

Progress = Callable[[str], None]


class Programs:
    """Where nethv's programs are: build trees, of which the first that has one
    counts, or this machine's PATH."""

    def __init__(self, *bindirs: str | None):
        self.directories = []
        for bindir in filter(None, bindirs):
            root = Path(bindir).resolve()
            if not root.is_dir():
                raise LabError(f"{bindir}: no such directory (--bindir)")
            self.directories += [str(root / sub) for sub in SUBDIRECTORIES
                                 if (root / sub).is_dir()]
        prefix = scenario.HERE.parents[2]
        if scenario.HERE == prefix / "share/nethv/lab":
            self.directories += [str(prefix / sub) for sub in
                                 ("libexec/nethv", "sbin", "bin")]

    def path(self) -> str:
        """PATH for commands on a machine of the lab."""
        return ":".join([*self.directories, "/usr/local/sbin",
                         "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin",
                         "/bin"])

    def find(self, name: str) -> str:
        found = shutil.which(name, path=self.path())
        if not found:
            raise LabError(f"{name} is not there: install nethv, or name the "
                           "build tree with --bindir or NETHV_BINDIR")
        return found


def _each(function: Callable[[Any], object], items: Iterable[Any]) -> None:
    """Calls 'function' for all 'items' at the same time."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        for future in [pool.submit(function, item) for item in items]:
            future.result()


def check_machine() -> None:
    """Refuses a machine on which no lab can run."""
    if os.geteuid():
        raise LabError("a lab needs root: it makes network namespaces")
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        raise LabError(f"{', '.join(missing)} missing: apt install iproute2 "
                       "util-linux nftables tcpdump openvswitch-switch")


class Lab:
    """A lab that is there, in whatever phase."""

    def __init__(self, saved: State):
        self.state = saved
        self.scenario: Scenario = scenario.parse(saved.scenario)
        self.programs = Programs(saved.options.get("bindir"))

    @property
    def name(self) -> str:
        return self.state.name

    def datapath(self, host_name: str) -> str:
        return ("system" if host_name in self.state.options["vms"]
                else self.scenario.datapath)

    def node(self, name: str) -> Node:
        return self.state.node(name)

    def locate(self, place: str) -> tuple[Node, str | None]:
        """The node and the network namespace inside it that 'place' means: a
        machine, an endpoint, or MACHINE/NETNS."""
        machine, _, netns = place.partition("/")
        for endpoint in self.scenario.endpoints:
            if place == endpoint.name:
                return self.node(endpoint.host), endpoint.name
        return self.node(machine), netns or None

    def environment(self, machine: str) -> dict[str, str]:
        """What a command on 'machine' finds."""
        keep = ("TERM", "LANG", "LC_ALL", "COLUMNS", "LINES")
        own = self.state.options.get("programs", {}).get(machine)
        programs = (Programs(own, self.state.options.get("bindir")) if own
                    else self.programs)
        return {"PATH": programs.path(), "HOME": "/root", "USER": "root",
                **{k: os.environ[k] for k in keep if k in os.environ}}

    def run(self, place: str, argv: Sequence[str], **options: Any
            ) -> subprocess.CompletedProcess[str]:
        """Runs 'argv' at 'place' to its end; see Node.run()."""
        node, netns = self.locate(place)
        return node.run(argv, netns=netns, env=self.environment(node.name),
                        **options)

    def popen(self, place: str, argv: Sequence[str], **options: Any
              ) -> subprocess.Popen[Any]:
        """Starts 'argv' at 'place'; see Node.popen()."""
        node, netns = self.locate(place)
        return node.popen(argv, netns=netns, env=self.environment(node.name),
                          **options)

    def network(self, place: str) -> namespaces.network_of:
        """Context in which this thread uses the network of 'place': sockets
        that are opened in it stay there."""
        node, netns = self.locate(place)
        return namespaces.network_of(node, netns)

    def in_vm(self, place: str) -> bool:
        """Whether what runs at 'place' has a kernel of its own."""
        return isinstance(self.locate(place)[0], vm.VmNode)

    def wire(self, place: str, interface: str) -> socket.socket:
        """The interface 'interface' at 'place' as a socket on which each
        message is a frame: those that come in, and those to send."""
        if self.in_vm(place):
            return vm.VmWire(self.popen(
                place, [str(scenario.HERE / "vm-wire"), interface],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE)).sock
        with self.network(place):
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                 socket.htons(ETH_P_ALL))
            sock.bind((interface, ETH_P_ALL))
        return sock

    # Bringing up.

    def start_machines(self) -> None:
        """Makes the nodes; from here on the lab is on disk."""
        virtual = self.state.options["vms"]

        def commit(nodes: list[Node]) -> None:
            self.state.nodes = {
                node.name: vm.VmNode(node.name, node.pid, node.start)
                if node.name in virtual else node for node in nodes}
            self.state.save()

        state.make_mount_points()
        namespaces.start_nodes(self.scenario.node_names(), self.name,
                               str(state.ROOT), commit)

    def start_clouds(self) -> None:
        """Networks and routers.  Until nethv says what it needs its clouds
        let nothing in."""
        for one in self.scenario.clouds:
            rules = (None if not self.scenario.firewall
                     else [] if self.state.options["nethv"]
                     else cloud.default_rules(self.scenario, one))
            cloud.up(self.scenario, one, self.state.nodes, rules)

    def start_wan(self) -> None:
        if self.scenario.links:
            wan.up(self.scenario, self.node("wan"),
                   self.programs.find("nethv-wan"))

    def start_vms(self) -> None:
        """Boots the hosts that are VMs."""
        def start(one: scenario.Host) -> None:
            node = self.node(one.name)
            assert isinstance(node, vm.VmNode)
            vm.start(node, one, self.scenario.cloud(one.cloud))

        vm.kernel()
        _each(start, [self.scenario.host(name)
                      for name in self.state.options["vms"]])

    def start_hosts(self) -> None:
        """Addresses and Open vSwitch of all hosts."""
        template = self.state.directory / "conf.db"
        template.unlink(missing_ok=True)
        subprocess.run(["ovsdb-tool", "create", str(template),
                        str(host.OVS_SCHEMA)], check=True)

        def start(one: scenario.Host) -> None:
            host.address(self.node(one.name), one,
                         self.scenario.cloud(one.cloud))
            host.start_ovs(self.node(one.name), self.name, template)

        _each(start, self.scenario.hosts)

    def move_uplinks(self) -> None:
        """NICs into br-phy, where nethv-agent does not do it."""
        def move(one: scenario.Host) -> None:
            node = self.node(one.name)
            if self.state.options["nethv"]:
                host.raise_vlan_limit(node)
            host.move_uplink(node, one, self.scenario.cloud(one.cloud))

        _each(move,
              [one for one in self.scenario.hosts
               if self.datapath(one.name) == "netdev"])

    # Changing.

    def _nic(self, name: str) -> tuple[Node, str]:
        one = self.scenario.host(name)
        return (self.node(self.scenario.router(one.cloud)),
                cloud.port_of(one))

    def cut(self, a: str, b: str | None = None) -> None:
        """Cuts the WAN between clouds 'a' and 'b', or the NIC of host 'a'."""
        self._switch(a, b, True)

    def heal(self, a: str, b: str | None = None) -> None:
        """Undoes cut()."""
        self._switch(a, b, False)

    def _switch(self, a: str, b: str | None, cut: bool) -> None:
        if b is None:
            # The host sees no link go down, as in a real cloud.
            router, port = self._nic(a)
            router.run(["bridge", "link", "set", "dev", port, "state",
                        "disabled" if cut else "forwarding"])
        else:
            for name in a, b:
                self.scenario.cloud(name)
            self.set_link(a, b, f"cut={'yes' if cut else 'no'}")

    def set_link(self, a: str, b: str, *settings: str) -> None:
        """Changes the WAN between clouds 'a' and 'b': see nethv-wan(8)."""
        wan.set_link(self.node("wan"), a, b, *settings)

    def set_firewall(self, name: str, rules: cloud.Rules) -> None:
        """Makes 'rules' (of nftables) the firewall of cloud 'name'; None
        opens it.  nethv.firewall() has what nethvctl lists."""
        cloud.apply_firewall(self.scenario.cloud(name),
                             self.node(self.scenario.router(name)), rules)

    def processes(self, machine: str) -> dict[str, host.Process]:
        """The processes that the host 'machine' should run."""
        one = self.scenario.host(machine)
        return {**host.PROCESSES,
                **({name: nethv.PROCESSES[name]
                    for name in nethv.processes_of(self, one)}
                   if self.state.options["nethv"] else {})}

    def _process(self, name: str, machine: str) -> host.Process:
        known = self.processes(machine)
        if name not in known:
            raise LabError(f"{machine} has no process {name}: it has "
                           f"{', '.join(known)}")
        return known[name]

    def pid(self, process: str, machine: str) -> int | None:
        """The pid on 'machine' of 'process', if it runs."""
        return host.pid_of(self.node(machine),
                           self._process(process, machine))

    def kill(self, process: str, machine: str, signal: str = "TERM") -> None:
        """Sends 'signal' to 'process' of 'machine'."""
        pid = self.pid(process, machine)
        if pid is None:
            raise LabError(f"{process} does not run on {machine}")
        self.run(machine, ["kill", f"-{signal}", str(pid)])

    def start(self, process: str, machine: str) -> None:
        """Starts 'process' of 'machine' again."""
        if self.pid(process, machine) is not None:
            raise LabError(f"{process} runs on {machine} already")
        self.run(machine, self._process(process, machine).argv)

    def use_programs(self, machine: str, bindir: str | None) -> None:
        """From now on starts on 'machine' the programs in 'bindir', a build
        tree, and those of the lab that it lacks; None: only those."""
        name = self.scenario.host(machine).name
        Programs(bindir)
        with state.locked(self.name):
            programs = self.state.options.setdefault("programs", {})
            if bindir:
                programs[name] = os.path.abspath(bindir)
            else:
                programs.pop(name, None)
            self.state.save()

    # Looking.

    def status(self) -> dict[str, Any]:
        """The lab as a document."""
        nodes = self.state.nodes
        alive = {name: node.alive() for name, node in nodes.items()}
        hosts = [{
            "name": one.name, "cloud": one.cloud, "gateway": one.gateway,
            "private_ip": one.private_ip, "public_ip": one.public_ip,
            "up": alive.get(one.name, False),
            "processes": {name: self.pid(name, one.name)
                          for name in self.processes(one.name)}
            if alive.get(one.name) else {}} for one in self.scenario.hosts]
        links = []
        if alive.get("wan"):
            try:
                links = wan.show(self.node("wan"))
            except LabError:
                pass
        return {"name": self.name, "scenario": self.scenario.name,
                "phase": self.state.phase,
                "clouds": [{"name": one.name, "provider": one.provider,
                            "region": one.region, "mtu": one.mtu,
                            "subnet": str(one.subnet),
                            "drops": list(one.drops),
                            "router": alive.get(
                                self.scenario.router(one.name), False)}
                           for one in self.scenario.clouds],
                "hosts": hosts, "links": links,
                "endpoints": [vars(e) for e in self.scenario.endpoints]}


@contextmanager
def _step(progress: Progress, what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    progress(f"{time.monotonic() - began:6.2f} s  {what}")


@dataclass(frozen=True)
class Options:
    """How a lab is brought up."""

    bindir: str | None = None       # Where nethv's programs are.
    nethv: bool = True              # Else only what lies below it.
    vms: Sequence[str] = ()         # Hosts with a kernel of their own.
    lab_uplink: bool = False        # The lab moves NICs, not nethv-agent.
    keep: bool = False              # A lab that fails to come up stays.


def up(chosen: Scenario, name: str, options: Options,
       progress: Progress = lambda line: None) -> Lab:
    """Brings a lab of scenario 'chosen' up as 'name' and returns it.  If that
    fails nothing of it is left, unless 'options' says to keep it."""
    check_machine()
    if options.vms:
        vm.check_machine()
    for one in options.vms:
        chosen.host(one)
    Programs(options.bindir).find("nethv-wan")
    with state.locked(name):
        if state.load(name) is not None:
            raise LabError(f"a lab {name} is there already: `nethv-lab down "
                           f"{name}` removes it, --name gives another name")
        saved = State(name, "starting", chosen.document,
                      {**asdict(options), "bindir": options.bindir
                       and os.path.abspath(options.bindir)})
        saved.save()
        try:
            lab = Lab(saved)
            _bring_up(lab, progress)
        except BaseException:
            if not options.keep:
                _take_down(saved)
            raise
        saved.phase = "up"
        saved.save()
        return lab


def _bring_up(lab: Lab, progress: Progress) -> None:
    clouds, hosts = lab.scenario.clouds, lab.scenario.hosts
    options = lab.state.options
    if options["nethv"]:
        nethv.check(lab)
    with _step(progress, f"{len(lab.scenario.node_names())} machines: "
               "namespaces and private directories"):
        lab.start_machines()
    with _step(progress, f"{len(clouds)} clouds: networks, routers, "
               "address translation, firewalls"):
        lab.start_clouds()
    with _step(progress, f"{len(lab.scenario.links)} WAN links"):
        lab.start_wan()
    if options["vms"]:
        with _step(progress, f"{len(options['vms'])} VMs: Debian's cloud "
                   "kernel"):
            lab.start_vms()
    with _step(progress, f"{len(hosts)} hosts: addresses, Open vSwitch"):
        lab.start_hosts()
    if options["lab_uplink"] or not options["nethv"]:
        with _step(progress, f"{len(hosts)} uplinks: eth0 into br-phy"):
            lab.move_uplinks()
    if options["nethv"]:
        _bring_up_nethv(lab, progress)


def _join(lab: Lab, joining: list[Host]) -> None:
    """Lets hosts join: all at the same time, but gateways of one cloud one after
    the other, for in that order they get its public addresses."""
    groups: dict[str, list[Host]] = {}
    for one in joining:
        groups.setdefault(one.cloud if one.gateway else one.name,
                          []).append(one)
    _each(lambda group: [nethv.join(lab, one) for one in group],
          groups.values())


def _bring_up_nethv(lab: Lab, progress: Progress) -> None:
    first = nethv.first_gateway(lab)
    gateways = [one for one in lab.scenario.gateways() if one is not first]
    others = [one for one in lab.scenario.hosts if not one.gateway]
    with _step(progress, f"{first.name}: nethvctl init"):
        nethv.init(lab)
    with _step(progress, f"{len(lab.scenario.clouds)} clouds: "
               "nethvctl cloud-add, firewall"):
        nethv.add_clouds(lab)
        nethv.open_firewalls(lab)
    for kind, joining in ("gateways", gateways), ("hosts", others):
        with _step(progress, f"{len(joining)} {kind}: nethv-agent join"):
            _join(lab, joining)
            nethv.open_firewalls(lab)
    if lab.scenario.networks:
        with _step(progress, f"{len(lab.scenario.networks)} documents: "
                   "nethvctl apply"):
            for document in lab.scenario.networks:
                nethv.apply(lab, document)
    if lab.scenario.endpoints:
        with _step(progress, f"{len(lab.scenario.endpoints)} endpoints: "
                   "nethv-agent attach"):
            _each(lambda one: nethv.attach(lab, one), lab.scenario.endpoints)


def _take_down(saved: State) -> int:
    running = [node for node in saved.nodes.values() if node.alive()]
    _each(Node.kill, running)
    state.remove(saved.name)
    return len(running)


def down(name: str) -> int:
    """Removes the lab 'name', whole or broken; returns how many machines
    still ran."""
    if name not in state.names():
        raise LabError(f"no lab {name} is up")
    with state.locked(name):
        saved = state.load(name)
        if saved is None:
            state.remove(name)
            return 0
        return _take_down(saved)
