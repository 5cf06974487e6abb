# SPDX-License-Identifier: Apache-2.0
"""The examples, built by pkg-config alone against an installed libnethv."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from database import SRCDIR, Database, db, wait_for  # noqa: F401 (a fixture)

EXAMPLES = SRCDIR / "examples"
DOCUMENTS = [str(EXAMPLES / "inventory.json"), str(EXAMPLES / "shop.json")]


def run(*argv: object, **kwargs: object) -> str:
    done = subprocess.run([str(a) for a in argv], text=True, capture_output=True,
                          timeout=120, check=False, **kwargs)
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout


def without_make() -> dict[str, str]:
    """The environment without what a make above hands down."""
    return {k: v for k, v in os.environ.items()
            if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR", "CFLAGS", "CXXFLAGS")}


@pytest.fixture(scope="module")
def installed(bindir: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder under which the build tree is installed."""
    if not bindir:
        pytest.skip("needs --bindir")
    root = tmp_path_factory.mktemp("installed")
    run("make", "-C", bindir, f"DESTDIR={root}", "install-nethvincludeHEADERS",
        "install-nodist_nethvincludeHEADERS", "install-libLTLIBRARIES",
        "install-nethvlibDATA", "install-pkgconfigDATA", "install-dist_examplesDATA",
        env=without_make())
    return root


class Built:
    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder, self.env = folder, env

    def argv(self, program: str, *args: str) -> list[str]:
        return [str(self.folder / program), *args]

    def run(self, program: str, *args: str) -> str:
        return run(*self.argv(program, *args), env=self.env)


@pytest.fixture(scope="module", params=["shared", "static"])
def built(request: pytest.FixtureRequest, installed: Path,
          tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp(request.param)
    found = {path.name: path for path in installed.rglob("*") if path.is_file()}
    for name in ("Makefile", "example-rules.c", "example-follow.c", "example-places.cc"):
        shutil.copy(found[name], folder)
    pkgconfig = found["libnethv.pc"].parent
    env = without_make() | {
        "PKG_CONFIG_PATH": str(pkgconfig),
        "PKG_CONFIG_SYSROOT_DIR": str(installed),
        "LD_LIBRARY_PATH": str(pkgconfig.parent),
    }
    static = ["STATIC=1"] if request.param == "static" else []
    run("make", "-C", folder, "CFLAGS=-Wall -Wextra -Werror", "CXXFLAGS=-Wall -Wextra -Werror",
        *static, env=env)
    return Built(folder, env)


def test_rules_of_a_host(built: Built, tmp_path: Path) -> None:
    out = built.run("example-rules", "vm-aws1", *DOCUMENTS)
    assert "# edge aws1 -- az1, weight 18.5" in out
    assert "# edge az1 -- dc1, weight 5" in out
    assert "# acme/shop/s1/web at port 1" in out
    assert "# meter " in out
    rules = tmp_path / "rules"
    rules.write_text(out)
    parsed = run("ovs-ofctl", "-O", "OpenFlow15", "parse-flows", rules)
    n = sum(not line.startswith("#") for line in out.splitlines())
    assert n > 50
    assert parsed.count("FLOW_MOD (OF1.5)") == n


def test_rules_of_a_gateway_lead_to_other_clouds(built: Built) -> None:
    out = built.run("example-rules", "gw-az1", *DOCUMENTS)
    assert "output:201" in out
    assert "output:203" in out


def test_faults_are_told(built: Built, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"nethv": 1, "tenant": "a", "colour": 2}')
    for program, args in (("example-rules", ["vm-aws1", str(bad)]),
                          ("example-places", [str(bad)])):
        done = subprocess.run(built.argv(program, *args), env=built.env, text=True,
                              capture_output=True, check=False)
        assert done.returncode == 1
        assert "colour" in done.stderr


def test_places_in_cplusplus(built: Built) -> None:
    lines = sorted(built.run("example-places", *DOCUMENTS).splitlines())
    assert len(lines) == 4
    assert lines[0].startswith("acme/shop/s1/web 000000000000 cloud 1 host 2 number 1 wire 0")
    assert lines[3].startswith("acme/shop/s2/db 020000000002 cloud 2 host 1 number 2 wire 0")


@pytest.fixture
def follower(built: Built, db: Database, tmp_path: Path) -> Iterator[tuple]:
    """example-follow, and a function that returns the lines it has printed."""
    output = tmp_path / "output"
    with open(output, "w", encoding="utf-8") as file:
        process = subprocess.Popen(built.argv("example-follow", db.remote), env=built.env,
                                   stdout=file, stderr=subprocess.STDOUT)
    try:
        yield process, lambda: output.read_text("utf-8").splitlines()
    finally:
        process.kill()
        process.wait()


def test_follows_a_database(follower: tuple, db: Database) -> None:
    process, lines = follower
    wait_for(lambda: "complete" in lines())
    db.ctl("apply", EXAMPLES / "shop.json")
    wait_for(lambda: "port acme/shop/s1/web appeared" in lines())
    assert "link acme/shop/l1 appeared" in lines()
    db.ctl("set", "Port", "acme/shop/s1/web", "security=false")
    wait_for(lambda: "port acme/shop/s1/web changed" in lines())
    db.ctl("network-del", "acme/shop")
    wait_for(lambda: "network acme/shop gone" in lines())
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0


def test_follows_places(follower: tuple, db: Database) -> None:
    _, lines = follower
    db.ctl("apply", EXAMPLES / "shop.json")
    network = db.uuid("Network", "acme/shop")
    db.create("Network_State", network=network, tag=1, number=1)
    db.apply({"nethv": 1, "clouds": [{"name": "c1", "id": 1}]})
    cloud = db.uuid("Cloud", "c1")
    host = db.create("Host", name="h2", cloud=cloud, id=2)
    location = 1 << 24 | 2 << 12 | 1 << 2
    binding = db.create("Binding", port=db.uuid("Port", "acme/shop/s1/web"), network=network,
                        host=host, location=location)
    wait_for(lambda: "place of acme/shop/s1/web: nowhere -> 1/2/1" in lines())
    db.ctl("set", "Binding", binding, f"location={location + 4}")
    wait_for(lambda: "place of acme/shop/s1/web: 1/2/1 -> 1/2/2" in lines())
    db.ctl("destroy", "Binding", binding)
    wait_for(lambda: "place of acme/shop/s1/web: 1/2/2 -> nowhere" in lines())


def test_comes_back_to_a_database_that_was_away(follower: tuple, db: Database) -> None:
    process, lines = follower
    db.ctl("tenant-add", "acme")
    wait_for(lambda: "tenant acme appeared" in lines())
    db.stop()
    db.start()
    db.ctl("tenant-add", "other")
    wait_for(lambda: "tenant other appeared" in lines(), seconds=20)
    assert lines().count("tenant acme appeared") == 1
    assert process.poll() is None
