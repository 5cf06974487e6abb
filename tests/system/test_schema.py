# SPDX-License-Identifier: Apache-2.0
"""The schema of documents and their parser agree on the golden corpus."""

import json
import pathlib
import re

import pytest

jsonschema = pytest.importorskip("jsonschema")

TESTS = pathlib.Path(__file__).parent.parent
SCHEMA = json.loads((TESTS / "../lib/nethv.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def corpus():
    """Yields (line number, document, arrow, what the parser says)."""
    frame = "%"
    lines = (TESTS / "golden/document.txt").read_text().splitlines()
    for number, line in enumerate(lines, 1):
        if line.startswith("in "):
            frame = line[3:]
        elif line and not line.startswith("#"):
            text, arrow, says = re.split(r" ([=~])> ", line, maxsplit=1)
            yield number, frame.replace("%", text, 1), arrow, says


def accepts(text):
    try:
        document = json.loads(text.replace("\\n", "\n"))
    except ValueError:
        return None
    return VALIDATOR.is_valid(document)


def test_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("number, text, arrow, says", corpus())
def test_agreement(number, text, arrow, says):
    verdict = accepts(text)
    if says == "ok":
        assert verdict is True
    elif arrow == "=":
        assert verdict is False
    elif "this is not JSON" not in says and "twice in one" not in says:
        assert verdict is True, "the schema sees it: write => for ~>"


MANUAL = (TESTS / "../man/nethv-document.5").read_text()


def examples():
    return [text for text in re.findall(r"^\.EX\n(.*?)^\.EE", MANUAL,
                                        re.DOTALL | re.MULTILINE)
            if text.startswith("{")]


def test_examples_of_the_manual():
    assert len(examples()) == 2
    for text in examples():
        VALIDATOR.validate(json.loads(text))


def test_manual_has_all_keys():
    for name, schema in SCHEMA["$defs"].items():
        for key in schema.get("properties", ()):
            assert re.search(rf"^\.BR? .*\b{key}\b", MANUAL,
                             re.MULTILINE), f"{key} of {name}"
