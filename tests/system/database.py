# SPDX-License-Identifier: Apache-2.0
"""A NetHV database of a test's own, and nethvctl.  Needs no root."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SRCDIR = Path(__file__).resolve().parents[2]


def wait_for(condition: Callable[[], Any], seconds: float = 10) -> Any:
    """Waits until 'condition' holds; returns what it returned."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return result


class Database:
    """A stock ovsdb-server on a unix socket, with the NetHV schema."""

    def __init__(self, directory: Path, bindir: str | None) -> None:
        self.directory = directory
        self.nethvctl = str(Path(bindir) / "cli" / "nethvctl") if bindir else "nethvctl"
        self.bindir = bindir
        self.socket = directory / "db.sock"
        self.remote = f"unix:{self.socket}"
        self.file = directory / "nethv.db"
        self.process: subprocess.Popen | None = None
        subprocess.run(["ovsdb-tool", "create", self.file,
                        SRCDIR / "lib" / "nethv.ovsschema"], check=True)

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["ovsdb-server", f"--remote=punix:{self.socket}",
             f"--unixctl={self.directory}/db.ctl", "-vconsole:off",
             f"--log-file={self.directory}/db.log", self.file])
        wait_for(self.socket.exists)
        subprocess.run(["ovsdb-client", "--timeout=10", "wait", self.remote,
                        "NetHV", "connected"], check=True)

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
            self.socket.unlink(missing_ok=True)

    def ctl(self, *args: Any, code: int = 0, stdin: str | None = None
            ) -> tuple[str, str]:
        """Runs nethvctl, which must end with 'code'; returns its output and
        its error output."""
        done = subprocess.run(
            [self.nethvctl, f"--db={self.remote}", "--no-syslog",
             *map(str, args)],
            input=stdin, capture_output=True, text=True, timeout=30)
        assert done.returncode == code, (args, done)
        return done.stdout, done.stderr

    def json(self, *args: Any) -> Any:
        return json.loads(self.ctl("--format=json", *args)[0])

    def get(self, table: str, record: str, column: str) -> str:
        return self.ctl("get", table, record, column)[0].strip()

    def create(self, table: str, **columns: Any) -> str:
        """Creates a row; returns its UUID."""
        return self.ctl("create", table,
                        *(f"{k}={v}" for k, v in columns.items()))[0].strip()

    def uuid(self, table: str, name: str) -> str:
        return self.get(table, name, "_uuid")

    def apply(self, document: Any, *options: str, code: int = 0
              ) -> tuple[str, str]:
        return self.ctl("apply", "-", *options, stdin=json.dumps(document),
                        code=code)

    def dump(self) -> str:
        """All contents, to see whether anything has changed."""
        return subprocess.run(["ovsdb-client", "dump", self.remote, "NetHV"],
                              check=True, capture_output=True,
                              text=True).stdout


@pytest.fixture
def db(tmp_path: Path, bindir: str | None) -> Iterator[Database]:
    assert len(str(tmp_path)) < 90, "a unix socket's path has 107 bytes only"
    database = Database(tmp_path, bindir)
    database.start()
    yield database
    database.stop()
