# SPDX-License-Identifier: Apache-2.0
"""Includes point down, and what is to be pure is (see layers.py)."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import layers  # noqa: E402

TOP = layers.TOP
SOURCES = sorted(path.relative_to(TOP)
                 for folder in ("include", "lib", "agent", "gateway", "cli", "lab")
                 for path in (TOP / folder).rglob("*.[ch]"))
PURE = [path for path in SOURCES
        if path.parts[0] == "lib" and path.parent.name not in ("ovs", "api")]


def layer_of(path):
    """The layer of a file, given relative to the top."""
    folder = path.parent
    if path.parent == pathlib.Path("lib") and path.stem in layers.FILES:
        return layers.FILES[path.stem]
    if path.parent == pathlib.Path("include/nethv") and path.stem in layers.INSTALLED:
        return layers.INTERFACE
    while str(folder) not in layers.FOLDERS:
        assert folder != folder.parent, f"{path}: in no layer; tests/layers/layers.py names them"
        folder = folder.parent
    return layers.FOLDERS[str(folder)]


def includes(path):
    text = (TOP / path).read_text()
    return re.findall(r'^\s*#\s*include\s*["<]([^">]+)[">]', text, re.M)


def resolve(name, path):
    """The file of ours that 'name' means in 'path', or None."""
    for folder in (path.parent, pathlib.Path("include"), pathlib.Path("lib"), pathlib.Path()):
        candidate = folder / name
        if (TOP / candidate).is_file() or candidate.stem == "nethv-idl":
            return candidate
    return None


def fits(patterns, name):
    return any(re.fullmatch(pattern, name) for pattern in patterns)


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_includes_point_down(path):
    for name in includes(path):
        target = resolve(name, path)
        if target is None:
            continue
        here, there = layer_of(path), layer_of(target)
        assert there <= here, (
            f"{path} ({layers.NAMES[here]}) includes {target} ({layers.NAMES[there]})")
        if here == layers.PROGRAMS and there == layers.PROGRAMS:
            assert path.parts[0] == target.parts[0], f"{path} includes {target}"
        assert there != layers.INTERFACE or here == layers.INTERFACE, (
            f"{path} includes {target}, which is for others")


@pytest.mark.parametrize("path", PURE, ids=str)
def test_pure_files_include_nothing_impure(path):
    found = [name for name in includes(path) if fits(layers.IMPURE_HEADERS, name)]
    assert not found, f"{path} is to be pure, and includes {', '.join(found)}"


def objects(archive):
    """{object: its undefined symbols} of a static library."""
    out = subprocess.run(["nm", "-u", archive], check=True, capture_output=True, text=True).stdout
    found, current = {}, None
    for line in out.splitlines():
        if line.endswith(":"):
            current = found.setdefault(line[:-1].rsplit("(", 1)[-1].rstrip(")"), set())
        elif line.strip():
            current.add(line.split()[-1])
    return found


@pytest.fixture(scope="module")
def pure_objects(bindir):
    return objects(bindir / "lib/.libs/libpure.a")


def test_pure_objects_call_nothing_impure(pure_objects):
    faults = [f"{name}: {symbol}"
              for name, symbols in sorted(pure_objects.items())
              for symbol in sorted(symbols)
              if fits(layers.IMPURE_SYMBOLS, symbol) and symbol not in layers.ALLOWED_SYMBOLS]
    assert not faults, "to be pure, but uses " + "; ".join(faults)


def test_all_pure_files_are_in_the_pure_library(pure_objects):
    """So that none escapes the test above, and libnethv has all."""
    wanted = {path.stem for path in PURE if path.suffix == ".c"}
    built = {re.sub(r"^lt\d+-", "", os.path.splitext(name)[0]) for name in pure_objects}
    assert wanted - built == set()


def test_allowances_are_needed(pure_objects):
    used = set().union(*pure_objects.values())
    assert set(layers.ALLOWED_SYMBOLS) - used == set()


@pytest.mark.parametrize("symbol", ["socket", "time", "getenv", "open", "time_msec", "vlog",
                                    "clock_gettime", "random_uint32", "printf", "pthread_once"])
def test_impure_symbols_are_known(symbol):
    assert fits(layers.IMPURE_SYMBOLS, symbol)


@pytest.mark.parametrize("symbol", ["snprintf", "memcpy", "ds_put_format", "json_to_string",
                                    "xvasprintf", "free", "hmap_init"])
def test_pure_symbols_are_not_among_them(symbol):
    assert not fits(layers.IMPURE_SYMBOLS, symbol)
