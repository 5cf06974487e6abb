# SPDX-License-Identifier: Apache-2.0
"""Manual pages: well-formed, and none lacks an option or a verb."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent.parent
PAGES = sorted((TOP / "man").glob("*.[1-9]"))
GENERATED = ("nethv.db.5", "nethv-flows.7")

# Program, its arguments before --help, its page.
HELPS = [
    ("agent/nethv-agent", [], "nethv-agent.8"),
    ("agent/nethv-agent", ["join"], "nethv-agent.8"),
    ("agent/nethv-agent", ["leave"], "nethv-agent.8"),
    ("agent/nethv-agent", ["attach"], "nethv-agent.8"),
    ("agent/nethv-agent", ["detach"], "nethv-agent.8"),
    ("gateway/nethv-gateway", [], "nethv-gateway.8"),
    ("cli/nethvctl", ["init"], "nethvctl.8"),
    ("lab/nethv-wan", [], "nethv-wan.8"),
    ("lab/nethv-demo", [], "nethv-demo.8"),
    ("lab/nethv-lab", ["up"], "nethv-lab.8"),
    ("lab/nethv-lab", ["down"], "nethv-lab.8"),
    ("lab/nethv-lab", ["status"], "nethv-lab.8"),
    ("lab/nethv-lab", ["kill"], "nethv-lab.8"),
]


@pytest.fixture
def program(bindir):
    """The path of a program of the build tree, or a script of the source."""
    def find(name):
        if not bindir:
            pytest.skip("needs --bindir")
        built = Path(bindir) / name
        return str(built if built.exists() else TOP / name)
    return find


def page_text(name):
    """The page without its markup."""
    text = (TOP / "man" / name).read_text("utf-8")
    text = re.sub(r"\\f(\[[^]]*\]|.)", "", text).replace("\\-", "-")
    return re.sub(r"\\\(dq|\\e", "", text)


def output(*argv):
    run = subprocess.run(argv, text=True, capture_output=True, check=False,
                         timeout=20)
    assert run.returncode == 0, run
    return run.stdout


@pytest.mark.parametrize("page", [*(page.name for page in PAGES),
                                  *GENERATED])
def test_well_formed(page, bindir):
    groff = shutil.which("groff")
    if not groff:
        pytest.skip("needs groff")
    path = TOP / "man" / page
    if page in GENERATED:
        path = Path(bindir or TOP) / "man" / page
        if not path.exists():
            pytest.skip(f"{path} has not been made")
    # What is made from the schema is laid out by a macro package of its own.
    warn = [] if page == "nethv.db.5" else ["-ww"]
    run = subprocess.run([groff, *warn, "-man", "-Tutf8", str(path)],
                         text=True, capture_output=True, check=False,
                         env={"PATH": "/usr/bin:/bin", "MANWIDTH": "100",
                              "LC_ALL": "C.UTF-8"})
    assert (run.returncode, run.stderr) == (0, "")
    assert len(run.stdout.splitlines()) > 20


@pytest.mark.parametrize("name, arguments, page", HELPS)
def test_options_are_explained(program, name, arguments, page):
    said = output(program(name), *arguments, "--help")
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", said))
    text = page_text(page)
    missing = [one for one in sorted(options)
               if not re.search(rf"{one}(?![\w-])", text)]
    assert options and not missing


@pytest.mark.parametrize("what", ["--commands", "--options"])
def test_nethvctl_is_explained(program, what):
    said = output(program("cli/nethvctl"), what)
    # --commands lists OPTIONS,VERB,ARGUMENTS of each verb.
    words = (set(re.findall(r"^[^,]*,([a-z-]+),", said, re.M))
             | set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", said)))
    text = page_text("nethvctl.8")
    missing = [one for one in sorted(words)
               if not re.search(rf"{one}(?![\w-])", text)]
    assert len(words) > 10 and not missing


def test_every_reference_is_there():
    """SEE ALSO leads to pages of ours that exist."""
    known = {page.name for page in PAGES} | set(GENERATED)
    for page in PAGES:
        text = page_text(page.name)
        for name, section in re.findall(
                r"(?<![\w.-])(nethv[\w.-]*)[\s\"]*\((\d)\)", text):
            assert f"{name}.{section}" in known, f"{page.name}: {name}"


def test_architecture_names_tables_right():
    """Names and numbers of tables in doc/ are those of the pipeline."""
    header = (TOP / "lib/pipeline.h").read_text("utf-8")
    stages = {name: number for number, name in re.findall(
        r'STAGE\(\w+, +(\d+), "([\w-]+)"', header)}
    assert len(stages) > 20
    text = (TOP / "doc/architecture.md").read_text("utf-8")
    for number in re.findall(r"[Tt]able (\d+)", text):
        assert number in stages.values()
    picture = (TOP / "doc/frame.dot").read_text("utf-8")
    named = [(name, number) for name, number
             in re.findall(r"([a-z]+) (\d+)", picture) if name in stages]
    assert len(named) > 10
    for name, number in named:
        assert stages[name] == number, name
