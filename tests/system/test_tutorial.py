# SPDX-License-Identifier: Apache-2.0
"""The steps of doc/tutorial.md, in their order, on the machines that it
names."""

from __future__ import annotations

import pytest

from conftest import TOP
from markdown import blocks
from nethvlab import nethv

SCENARIO = {
    "nethv-lab": 1, "name": "tutorial", "clouds": [
        {"name": "aws1", "provider": "aws", "region": "aws:eu-west-1",
         "hosts": [{"name": "gw1", "public_ip": "198.51.100.1"}]},
        {"name": "az1", "provider": "azure", "region": "azure:westeurope",
         "hosts": [{"name": "gw2", "public_ip": "198.51.100.2"},
                   {"name": "vm1"}]}]}
LAB_OPTIONS = {"nethv": False}
STEPS = [block for block in blocks(TOP / "doc/tutorial.md")
         if block.words[0] in ("on", "file")]


@pytest.fixture(scope="module")
def operator(lab, tmp_path_factory):
    """Does what the tutorial leaves to the reader: carries files from machine
    to machine, which have one directory here, and opens firewalls."""
    class Operator:
        directory = tmp_path_factory.mktemp("tutorial")
        firewalls = False
        failed = False

        def run(self, host, text):
            result = lab.run(host, ["sh", "-ec", f"cd {self.directory}\n"
                                    + text], check=False, timeout=90)
            self.firewalls |= "nethvctl firewall" in text
            if self.firewalls:
                nethv.open_firewalls(lab)
            return result

    return Operator()


@pytest.mark.parametrize("block", STEPS, ids=lambda b: f"line-{b.line}")
def test_step(operator, block):
    if operator.failed:
        pytest.skip("a step before has failed")
    kind, name = block.words
    if kind == "file":
        (operator.directory / name).write_text(block.text, "utf-8")
        return
    operator.failed = True
    result = operator.run(name, block.text)
    assert result.returncode == 0, (f"doc/tutorial.md:{block.line}: "
                                    f"{result.stdout}{result.stderr}")
    operator.failed = False


def test_every_machine_has_steps():
    assert {block.words[1] for block in STEPS if block.words[0] == "on"} == {
        "gw1", "gw2", "vm1"}


def test_all_is_undone(lab, operator):
    """At the end vm1 is bare, and the tenant is gone."""
    if operator.failed:
        pytest.skip("a step has failed")
    assert "nethv-" not in lab.run("vm1", [
        "ovs-vsctl", "get", "Open_vSwitch", ".", "external_ids"]).stdout
    assert nethv.ctl(lab, "show").strip() == ""
