# SPDX-License-Identifier: Apache-2.0
"""What libnethv shows to others: symbols and headers."""

import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
HEADERS = sorted((TOP / "include" / "nethv").glob("*.h"))


def listed():
    text = (TOP / "lib" / "libnethv.sym").read_text()
    return sorted(re.findall(r"^\s+(nethv_\w+);", text, re.M))


def declared():
    """Functions that the headers declare and do not define."""
    names = set()
    for header in HEADERS:
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        text = re.sub(r"^\s*#.*?(?<!\\)$", "", text, flags=re.M | re.S)
        text = re.sub(r"static inline.*?\n}\n", "", text, flags=re.S)
        text = re.sub(r"typedef .*?;", "", text, flags=re.S)
        names |= set(re.findall(r"\b(nethv_\w+)\s*\(", text))
    return sorted(names)


def exported(*nm):
    lines = subprocess.run(["nm", "--defined-only", *map(str, nm)], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    names = [line.split()[2].split("@")[0] for line in lines if len(line.split()) == 3]
    return sorted(name for name in names if name != "NETHV_0")


def test_list_is_what_headers_declare():
    assert listed() == declared()


def test_shared_library_exports_the_list(bindir):
    assert exported("-D", bindir / "lib/.libs/libnethv.so") == listed()


def test_symbols_have_a_version(bindir):
    out = subprocess.run(["nm", "-D", "--defined-only", bindir / "lib/.libs/libnethv.so"],
                         check=True, capture_output=True, text=True).stdout
    assert out.count("@@NETHV_0") == len(listed())


def test_static_library_exports_the_list(bindir):
    assert exported("-g", bindir / "lib/libnethv.a") == listed()


@pytest.mark.parametrize("compiler, standard", [("g++", "c++11"), ("gcc", "c99")])
@pytest.mark.parametrize("header", [h.name for h in HEADERS])
def test_header_stands_alone(bindir, header, compiler, standard):
    language = "c++" if compiler == "g++" else "c"
    subprocess.run([compiler, f"-std={standard}", "-Wall", "-Wextra", "-Werror", "-pedantic",
                    "-fsyntax-only", f"-I{TOP}/include", f"-I{bindir}/include",
                    "-x", language, "-"],
                   input=f"#include <nethv/{header}>\n", text=True, check=True)


@pytest.mark.parametrize("header", HEADERS, ids=lambda h: h.name)
def test_header_names_nothing_of_open_vswitch(header):
    includes = re.findall(r'#include ["<]([^">]+)', header.read_text())
    assert all(i.startswith("nethv/") or i in ("stdbool.h", "stddef.h", "stdint.h")
               for i in includes), includes
    assert not re.search(r"\b(ovs_\w+|struct (?!nethv_)\w+)\b",
                         re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S))
