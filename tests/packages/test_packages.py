# SPDX-License-Identifier: Apache-2.0
"""Debian's packages of nethv: built, installed in a clean Debian, used, purged.

Long: needs NETHV_TEST_LONG=1, root, and a package mirror the first time.
NETHV_PACKAGES names a folder with built packages, to skip their build.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests/packages"), str(TOP / "tests/system")]

from chroot import Chroot, make_base  # noqa: E402
from markdown import blocks, commands  # noqa: E402

NAMES = ["libnethv-dev", "libnethv0", "nethv-agent", "nethv-ctl", "nethv-database",
         "nethv-gateway", "nethv-lab"]
EXAMPLES = "/usr/share/doc/libnethv-dev/examples"

# To build the examples; the packages do not depend on these.
COMPILERS = ["g++", "gcc", "make", "pkg-config"]

pytestmark = [
    pytest.mark.skipif(os.environ.get("NETHV_TEST_LONG") != "1", reason="needs NETHV_TEST_LONG=1"),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(not shutil.which("debootstrap"), reason="needs debootstrap"),
    pytest.mark.skipif(not shutil.which("dh"), reason="needs debhelper"),
]


def readme(word: str) -> str:
    """The commands of README.md that are marked with 'word'."""
    found = [command for block in blocks(TOP / "README.md") if block.words == (word,)
             for command in commands(block)]
    assert found
    return "\n".join(found)


def build_packages(folder: Path) -> None:
    source = folder / "nethv"
    source.mkdir()
    files = subprocess.run(["git", "-C", TOP, "ls-files", "-z"], check=True,
                           capture_output=True).stdout
    subprocess.run(["tar", "-C", TOP, "--null", "-T", "-", "-cf", folder / "nethv.tar"],
                   input=files, check=True)
    subprocess.run(["tar", "-C", source, "-xf", folder / "nethv.tar"], check=True)
    with open(folder / "build.log", "w", encoding="utf-8") as log:
        done = subprocess.run(
            ["sh", "-exc", readme("package")], cwd=source, check=False,
            stdout=log, stderr=subprocess.STDOUT,
            env={k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))} | {
                "DEBIAN_FRONTEND": "noninteractive",
                "NETHV_CACHE": os.environ.get("NETHV_CACHE", "/var/cache/nethv")})
    assert done.returncode == 0, (folder / "build.log").read_text("utf-8")[-4000:]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if "NETHV_PACKAGES" in os.environ:
        return Path(os.environ["NETHV_PACKAGES"])
    folder = tmp_path_factory.mktemp("packages")
    build_packages(folder)
    return folder


@pytest.fixture(scope="module")
def debs(packages: Path) -> dict[str, Path]:
    return {name: next(packages.glob(f"{name}_*.deb")) for name in NAMES}


def dependencies(debs: dict[str, Path]) -> list[str]:
    """What the packages need beside each other."""
    found = set()
    for deb in debs.values():
        text = subprocess.run(["dpkg-deb", "-f", deb, "Depends"], check=True,
                              capture_output=True, text=True).stdout
        found |= {re.match(r"[\w.+-]+", item.strip())[0] for item in text.split(",")}
    return sorted(found - set(NAMES))


@pytest.fixture(scope="module")
def chroot(debs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chroot]:
    """A Debian that has what the packages need, and the packages in /tmp."""
    base = make_base(sorted({*dependencies(debs), *COMPILERS}))
    made = Chroot(base, tmp_path_factory.mktemp("chroot"))
    # There is no network: nothing else can be had.
    (made.root / "etc/apt/apt.conf.d/99local").write_text(
        'APT::Install-Recommends "false";\n')
    for deb in debs.values():
        shutil.copy(deb, made.root / "tmp")
    yield made
    made.close()


@pytest.fixture(scope="module")
def before(chroot: Chroot) -> set[str]:
    """What was there before anything was installed."""
    files = chroot.files()
    assert "/usr/bin/dpkg" in files
    return files


@pytest.fixture(scope="module")
def installed(chroot: Chroot, before: set[str]) -> Chroot:
    chroot.run("sh", "-exc", f"cd /tmp\n{readme('machine')}")
    chroot.run("sh", "-c", "apt-get install -q -y /tmp/*.deb")
    return chroot


def test_lintian_finds_no_error(packages: Path) -> None:
    changes = next(packages.glob("nethv_*.changes"))
    if not shutil.which("lintian"):
        pytest.skip("needs lintian")
    done = subprocess.run(["lintian", "--allow-root", changes], capture_output=True, text=True,
                          check=False)
    assert not re.search(r"^[EW]: ", done.stdout, re.M), done.stdout


def test_nothing_starts_before_the_host_has_joined(installed: Chroot) -> None:
    for service in ("agent", "database", "gateway", "relay"):
        installed.run("/usr/libexec/nethv/nethv-ctl", f"status-{service}", code=1)
        unit = installed.root / f"lib/systemd/system/nethv-{service}.service"
        assert "ConditionPathExists=" in unit.read_text()
    wanted = installed.root / "etc/systemd/system/multi-user.target.wants"
    assert not list(wanted.glob("nethv-*"))


def test_programs_know_their_version(installed: Chroot) -> None:
    for program in ("nethvctl", "nethv-agent", "nethv-gateway"):
        assert "0.1.0" in installed.run(program, "--version")


def test_manual_pages_are_there(installed: Chroot) -> None:
    for page in ("man3/nethv.3", "man5/nethv.db.5", "man5/nethv-document.5", "man7/nethv.7",
                 "man7/nethv-flows.7", "man8/nethvctl.8", "man8/nethv-agent.8",
                 "man8/nethv-gateway.8", "man8/nethv-lab.8"):
        assert "usr/share/man" in installed.run("dpkg", "-S", f"/usr/share/man/{page}.gz")


@pytest.mark.parametrize("static", [[], ["STATIC=1"]], ids=["shared", "static"])
def test_examples_build_without_open_vswitchs_source(installed: Chroot, static: list[str]) -> None:
    assert not (installed.root / "usr/src/openvswitch").exists()
    installed.run("rm", "-rf", "/tmp/examples")
    installed.run("cp", "-r", EXAMPLES, "/tmp/examples")
    installed.run("make", "-C", "/tmp/examples", *static)
    documents = [f"/tmp/examples/{name}.json" for name in ("inventory", "shop")]
    out = installed.run("/tmp/examples/example-rules", "vm-aws1", *documents)
    assert "# edge aws1 -- az1" in out
    assert "table=" in out
    assert "acme/shop/s1/web" in installed.run("/tmp/examples/example-places", *documents)


def test_the_lab_works(installed: Chroot) -> None:
    out = installed.run("nethv-demo", timeout=600)
    assert re.search(r"[1-9]\d* passed, 0 failed", out), out


def older_schema(schema: str) -> str:
    """A schema without one column, as an older version might have had."""
    old = json.loads(schema)
    old["version"] = "0.0.1"
    del old["tables"]["Tenant"]["columns"]["external_ids"]
    return json.dumps(old)


def test_an_older_database_is_converted(installed: Chroot) -> None:
    schema = installed.root / "usr/share/nethv/nethv.ovsschema"
    version = json.loads(schema.read_text())["version"]
    (installed.root / "tmp/old.ovsschema").write_text(older_schema(schema.read_text()))
    (installed.root / "var/lib/nethv").mkdir(parents=True, exist_ok=True)
    database = "/var/lib/nethv/nethv.db"
    installed.run("ovsdb-tool", "create", database, "/tmp/old.ovsschema")
    installed.run("ovsdb-tool", "transact", database,
                  '["NetHV", {"op": "insert", "table": "Tenant", "row": {"name": "acme"}}]')
    installed.run("dpkg-reconfigure", "nethv-database")
    assert installed.run("ovsdb-tool", "db-version", database).strip() == version
    assert "acme" in installed.run("ovsdb-tool", "query", database,
                                   '["NetHV", {"op": "select", "table": "Tenant", "where": []}]')
    assert (installed.root / f"{database}.backup".lstrip("/")).exists()


def test_purge_leaves_nothing(installed: Chroot, before: set[str]) -> None:
    for name in ("etc/nethv/host.key", "var/lib/nethv/ca/ca.key", "var/log/nethv/nethv-agent.log"):
        path = installed.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("state\n")
    installed.run("apt-get", "purge", "-q", "-y", *NAMES)
    assert installed.files() - before == set()
    assert before - installed.files() == set()
