# SPDX-License-Identifier: Apache-2.0
"""Many clouds on a virtual clock: thousands of schedules in which nothing may
go wrong, and bugs put in on purpose, each of which must be found."""

import os
import subprocess

import pytest

LONG = os.environ.get("NETHV_TEST_LONG") == "1"
SCHEDULES = 100000 if LONG else 1500

BUGS = {
    "stale-route": "a switch keeps a route that it should replace",
    "two-gateways": "a cloud has two active gateways",
    "no-rest": "a tree's number comes to mean another tree at once",
    "reused-number": "two plans get one number",
    "views-differ": "a gateway's view differs for ever",
}


def run(simulate, *options, seconds):
    return subprocess.run([simulate, *options], capture_output=True, text=True,
                          timeout=seconds)


def test_schedules(simulate, note):
    """No frame twice, none in a circle, none lost where none may be; one plan
    to a number; one tree after all has healed."""
    found = run(simulate, "--count", str(SCHEDULES), seconds=max(600, SCHEDULES / 5))
    lines = found.stdout.splitlines()
    assert found.returncode == 0, "\n".join(lines[-25:]) + found.stderr
    assert lines[-1].startswith(f"{SCHEDULES} schedules ("), lines
    note(lines[-1])


def test_bugs_are_those(simulate):
    listed = run(simulate, "--list", seconds=10).stdout.splitlines()
    assert {line.removeprefix("bug ") for line in listed
            if line.startswith("bug ")} == set(BUGS)


@pytest.mark.parametrize("bug", BUGS)
def test_bug_is_found(simulate, note, bug):
    """Within minutes: it takes seconds."""
    found = run(simulate, "--bug", bug, "--count", "10000", seconds=300)
    lines = found.stdout.splitlines()
    assert found.returncode == 1 and lines[0].startswith("seed "), lines
    assert lines[-1].startswith(f"bug {bug}: "), lines
    note(f"{lines[-1]}: {BUGS[bug]}")


def test_schedule_repeats(simulate):
    """A seed alone makes the schedule: what is found can be looked into."""
    first, second = (run(simulate, "--seed", "7", seconds=60).stdout.splitlines()
                     for _ in range(2))
    assert len(first) > 20
    assert first[:-1] == second[:-1]
