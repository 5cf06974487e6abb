# SPDX-License-Identifier: Apache-2.0
"""What a lab has made, in /run/nethv-lab/NAME.

The state is written before what it names can outlive its maker, so that a
later `down` finds all of it.  The directory is also the lab's lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterator

from . import LabError, namespaces
from .vm import VmNode

ROOT = Path("/run/nethv-lab")


@dataclass
class State:
    """The lab 'name': its scenario as a document, and its nodes."""

    name: str
    phase: str                              # "starting" or "up"
    scenario: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    nodes: dict[str, namespaces.Node] = field(default_factory=dict)

    @property
    def directory(self) -> Path:
        return ROOT / self.name

    def save(self) -> None:
        document = {
            "name": self.name, "phase": self.phase, "options": self.options,
            "nodes": {node.name: {"pid": node.pid, "start": node.start,
                                  "vm": isinstance(node, VmNode)}
                      for node in self.nodes.values()},
            "scenario": self.scenario}
        path = self.directory / "state.json"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(document, indent=1) + "\n",
                             encoding="utf-8")
        temporary.rename(path)

    def node(self, name: str) -> namespaces.Node:
        if name not in self.nodes:
            raise LabError(f"lab {self.name} has no machine {name}: it has "
                           f"{', '.join(sorted(self.nodes))}")
        return self.nodes[name]


def load(name: str) -> State | None:
    """The state of lab 'name', or None if it has made nothing."""
    try:
        text = (ROOT / name / "state.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    document = json.loads(text)
    nodes = {n: (VmNode if d["vm"] else namespaces.Node)(n, d["pid"],
                                                         d["start"])
             for n, d in document["nodes"].items()}
    return State(document["name"], document["phase"], document["scenario"],
                 document["options"], nodes)


def names() -> list[str]:
    """The labs of this machine, whatever their phase."""
    try:
        return sorted(entry.name for entry in ROOT.iterdir()
                      if entry.is_dir())
    except FileNotFoundError:
        return []


def only(name: str | None) -> State:
    """The lab 'name', or the only one there is; it must be there."""
    present = names()
    if name is None:
        if not present:
            raise LabError("no lab is up: start one with "
                           "`nethv-lab up three-clouds`")
        if len(present) > 1:
            raise LabError("more than one lab is up: choose one of "
                           f"{', '.join(present)} with --lab")
        name = present[0]
    state = load(name)
    if state is None:
        raise LabError(f"no lab {name} is up"
                       + (f": there is {', '.join(present)}" if present
                          else ""))
    return state


def _lock(path: Path) -> int:
    """A descriptor that holds the lock of directory 'path', made if need
    be."""
    while True:
        path.mkdir(mode=0o755, exist_ok=True)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        fcntl.flock(fd, fcntl.LOCK_EX)
        try:
            if os.stat(path).st_ino == os.fstat(fd).st_ino:
                return fd
        except FileNotFoundError:
            pass
        os.close(fd)


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Context in which nobody else changes lab 'name'."""
    with _root_locked():
        (ROOT / name).mkdir(mode=0o755, exist_ok=True)
    fd = _lock(ROOT / name)
    try:
        yield
    finally:
        os.close(fd)
        with _root_locked():
            _tidy(name)


@contextmanager
def _root_locked() -> Iterator[None]:
    fd = _lock(ROOT)
    try:
        yield
    finally:
        os.close(fd)


def _tidy(name: str) -> None:
    """Removes what is left of lab 'name' if it is empty, and after the last
    lab the mount points that labs have made."""
    try:
        (ROOT / name).rmdir()
    except OSError:
        return
    if names():
        return
    record = ROOT / "mount-points"
    if record.exists():
        for directory in reversed(record.read_text("utf-8").split()):
            try:
                os.rmdir(directory)
            except OSError:
                pass
        record.unlink()
    try:
        ROOT.rmdir()
    except OSError:
        pass


def make_mount_points() -> None:
    """Makes the directories that nodes mount over and this machine lacks,
    and notes them, so that the last lab removes them."""
    with _root_locked():
        made = namespaces.make_private_directories()
        if made:
            with (ROOT / "mount-points").open("a", encoding="utf-8") as record:
                record.write("".join(f"{directory}\n" for directory in made))


def remove(name: str) -> None:
    """Forgets lab 'name', of which nothing may be left."""
    for entry in list((ROOT / name).iterdir()):
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
