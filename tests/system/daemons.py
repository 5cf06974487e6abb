# SPDX-License-Identifier: Apache-2.0
"""What nethv's processes say of themselves."""

import json

from nethvlab import LabError


def status_of(lab, program, host):
    """What 'program' of 'host' says of itself, nothing if it does not."""
    try:
        return json.loads(lab.run(host, [
            "ovs-appctl", "-t", f"/run/nethv/nethv-{program}.ctl", "status"
        ]).stdout)
    except (LabError, ValueError):
        return {}


def database_of(lab, gateway):
    """Where 'gateway' takes the database to be."""
    return lab.run(gateway, ["ovs-vsctl", "get", "Open_vSwitch", ".",
                             "external_ids:nethv-database"]).stdout.strip('"\n')


def in_charge(lab, host):
    """Whether the agent of 'host' has the switch and all it claims."""
    status = status_of(lab, "agent", host)
    return (status and status["connected"] and status["complete"]
            and status["ready"] and status["switch"]["current"]
            and all(claim["status"] != "unknown"
                    or claim["reason"] == "there is no such port"
                    for claim in status["claims"]))
