# SPDX-License-Identifier: Apache-2.0
"""The command nethv-lab(8)."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from typing import Any, NoReturn

from . import LabError, lab as labs, scenario, state, wan
from .lab import Lab


def _the_lab(args: argparse.Namespace) -> Lab:
    return Lab(state.only(args.lab))


def _hosts(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _do_up(args: argparse.Namespace) -> None:
    chosen = scenario.load(args.scenario, *args.numbers)
    name = args.name or chosen.name
    began = time.monotonic()
    print(f"{name}: {chosen.description or chosen.name}")
    lab = labs.up(chosen, name,
                  labs.Options(args.bindir, not args.no_nethv,
                               args.vms, args.lab_uplink, args.keep),
                  lambda line: print(line, flush=True))
    print(f"{time.monotonic() - began:6.2f} s  up.  Next: nethv-lab status, "
          f"nethv-lab shell {lab.scenario.hosts[0].name}, "
          f"nethv-lab down {name}")


def _do_down(args: argparse.Namespace) -> None:
    if args.all:
        names = state.names()
    elif args.name:
        names = [args.name]
    else:
        present = state.names()
        if args.lab is None and len(present) != 1:
            raise LabError("no lab is up" if not present else
                           "more than one lab is up: name one of "
                           f"{', '.join(present)}, or use --all")
        names = [args.lab or present[0]]
    for name in names:
        count = labs.down(name)
        print(f"{name}: down ({count} machines)")


def _print_status(document: dict[str, Any]) -> None:
    print(f"lab {document['name']} ({document['scenario']}): "
          f"{document['phase']}")
    for one in document["clouds"]:
        where = f", {one['region']}" if one["region"] else ""
        drops = f", drops {', '.join(one['drops'])}" if one["drops"] else ""
        print(f"\ncloud {one['name']}: {one['provider']}{where}, "
              f"{one['subnet']}, MTU {one['mtu']}{drops}"
              + ("" if one["router"] else ", ROUTER DOWN"))
        for machine in document["hosts"]:
            if machine["cloud"] != one["name"]:
                continue
            public = (f" = {machine['public_ip']}" if machine["public_ip"]
                      else "")
            runs = ", ".join(name for name, pid in machine["processes"].items()
                             if pid)
            stopped = ", ".join(name for name, pid
                                in machine["processes"].items() if not pid)
            print(f"  {machine['name']:12} {machine['private_ip']}{public}: "
                  + (runs if machine["up"] else "DOWN")
                  + (f"; not running: {stopped}" if stopped else ""))
    if document["links"]:
        print()
    for link in document["links"]:
        print(f"WAN {link['from']} -> {link['to']}: {link['delay_ms']:g} ms"
              + (f", {link['rate'] / 1e6:g} Mbit/s" if link["rate"] else "")
              + (f", loss {link['loss']:g}" if link["loss"] else "")
              + (", CUT" if link["cut"] else "")
              + f"; {link['frames']} frames, {link['lost']} lost")


def _do_status(args: argparse.Namespace) -> None:
    document = _the_lab(args).status()
    if args.format == "json":
        print(json.dumps(document, indent=1))
    else:
        _print_status(document)


def _do_list(_: argparse.Namespace) -> None:
    for name in state.names():
        saved = state.load(name)
        print(f"{name}\t{saved.phase if saved else 'broken'}")


def _become(lab: Lab, place: str, argv: list[str]) -> NoReturn:
    node, netns = lab.locate(place)
    command = node.wrap(argv, netns)
    os.execvpe(command[0], command,
               {**lab.environment(node.name), "PS1": f"{place}# "})


def _do_exec(args: argparse.Namespace) -> None:
    if not args.command:
        raise LabError("exec needs a command: nethv-lab exec HOST COMMAND")
    _become(_the_lab(args), args.place, args.command)


def _do_shell(args: argparse.Namespace) -> None:
    _become(_the_lab(args), args.place, ["bash", "--norc"])


def _capture_at(lab: Lab, place: str) -> tuple[str, str]:
    """The machine and interface that 'place' means to capture."""
    if place.startswith("wan:"):
        a, _, b = place[4:].partition("-")
        for one in lab.scenario.links:
            if {one.a, one.b} == {a, b} or place == f"wan:{one.a}-{one.b}":
                return "wan", wan.interfaces(lab.scenario, one)[0]
        known = ", ".join(f"wan:{k.a}-{k.b}" for k in lab.scenario.links)
        raise LabError(f"there is no link {place}: there is {known}")
    node, netns = lab.locate(place)
    return place, "eth0" if node.name == place and any(
        one.name == place for one in lab.scenario.hosts) else "any"


def _do_capture(args: argparse.Namespace) -> None:
    lab = _the_lab(args)
    place, interface = _capture_at(lab, args.place)
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if "-i" not in command:
        command = ["-i", interface, *command]
    _become(lab, place, ["tcpdump", "-U", *command])


def _process_at(text: str) -> tuple[str, str]:
    process, at, machine = text.partition("@")
    if not at or not process or not machine:
        raise LabError(f"{text!r}: name a process as PROCESS@HOST")
    return process, machine


def _do_kill(args: argparse.Namespace) -> None:
    _the_lab(args).kill(*_process_at(args.process),
                        signal="KILL" if args.nine else args.signal)


def _do_start(args: argparse.Namespace) -> None:
    _the_lab(args).start(*_process_at(args.process))


def _do_programs(args: argparse.Namespace) -> None:
    _the_lab(args).use_programs(args.machine, args.bindir)


def _do_cut(args: argparse.Namespace) -> None:
    _the_lab(args).cut(args.a, args.b)


def _do_heal(args: argparse.Namespace) -> None:
    _the_lab(args).heal(args.a, args.b)


def _do_link(args: argparse.Namespace) -> None:
    _the_lab(args).set_link(args.a, args.b, *args.setting)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nethv-lab", description="Many clouds on one machine.",
        epilog="See nethv-lab(8).")
    parser.add_argument("--lab", metavar="NAME",
                        default=os.environ.get("NETHV_LAB"),
                        help="which lab, if there are several")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, function: Any, text: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=text, description=text)
        sub.set_defaults(function=function)
        return sub

    sub = verb("up", _do_up, "bring a lab up")
    sub.add_argument("scenario", metavar="FILE|NAME")
    sub.add_argument("numbers", metavar="N", type=int, nargs="*",
                     help="of scale: how many hosts a cloud has, how many "
                     "clouds there are")
    sub.add_argument("--name", help="of the lab; default: the scenario's")
    sub.add_argument("--bindir", default=os.environ.get("NETHV_BINDIR"),
                     help="where nethv's programs are, if not installed")
    sub.add_argument("--no-nethv", action="store_true",
                     help="only clouds, WAN and Open vSwitch")
    sub.add_argument("--vms", metavar="HOST,...", type=_hosts, default=(),
                     help="hosts that are VMs with the kernel's datapath")
    sub.add_argument("--lab-uplink", action="store_true",
                     help="let the lab, not nethv-agent, move NICs to br-phy")
    sub.add_argument("--keep", action="store_true",
                     help="keep what there is if the lab does not come up")
    sub = verb("down", _do_down, "remove a lab, whole or broken")
    sub.add_argument("name", nargs="?")
    sub.add_argument("--all", action="store_true")
    sub = verb("status", _do_status, "show a lab")
    sub.add_argument("--format", choices=("text", "json"), default="text")
    verb("list", _do_list, "list the labs")
    for name, function, text in (
            ("exec", _do_exec, "run a command on a machine or endpoint"),
            ("capture", _do_capture, "run tcpdump there, or at wan:A-B")):
        sub = verb(name, function, text)
        sub.add_argument("place", metavar="HOST|ENDPOINT|HOST/NETNS")
        sub.add_argument("command", nargs=argparse.REMAINDER)
    sub = verb("shell", _do_shell, "a shell on a machine or endpoint")
    sub.add_argument("place", metavar="HOST|ENDPOINT|HOST/NETNS")
    sub = verb("kill", _do_kill, "end a process of a host")
    sub.add_argument("process", metavar="PROCESS@HOST")
    sub.add_argument("-9", dest="nine", action="store_true",
                     help="with SIGKILL")
    sub.add_argument("-s", dest="signal", default="TERM", metavar="SIGNAL")
    sub = verb("start", _do_start, "start a process of a host again")
    sub.add_argument("process", metavar="PROCESS@HOST")
    sub = verb("programs", _do_programs,
               "give a host other programs than the lab's")
    sub.add_argument("machine", metavar="HOST")
    sub.add_argument("bindir", metavar="DIR", nargs="?")
    for name, function, text in (
            ("cut", _do_cut, "cut the WAN between two clouds, or a host off"),
            ("heal", _do_heal, "undo cut")):
        sub = verb(name, function, text)
        sub.add_argument("a", metavar="CLOUD|HOST")
        sub.add_argument("b", metavar="CLOUD", nargs="?")
    sub = verb("link", _do_link, "change the WAN between two clouds")
    sub.add_argument("a", metavar="CLOUD")
    sub.add_argument("b", metavar="CLOUD")
    sub.add_argument("setting", metavar="KEY=VALUE", nargs="+")
    return parser


def main() -> int:
    args = _parser().parse_args()
    try:
        args.function(args)
    except LabError as error:
        print(f"nethv-lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("nethv-lab: interrupted", file=sys.stderr)
        return 130
    return 0
