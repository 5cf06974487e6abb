# SPDX-License-Identifier: Apache-2.0
"""What nethv's processes say of themselves."""

import json
import re
from pathlib import Path

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


SERVERS = {"database": "nethv-db", "relay": "nethv-relay"}


def host_sessions(lab, gateway):
    """What has port 6646 of 'gateway', by name of the process: the addresses of
    the hosts that are connected there."""
    found = {}
    for line in lab.run(gateway, ["ss", "-Htanp",
                                  "sport = :6646"]).stdout.splitlines():
        pid = re.search(r"pid=(\d+)", line)
        if pid:
            peers = found.setdefault(pid[1], set())
            if line.startswith("ESTAB"):
                peers.add(line.split()[4].rpartition(":")[0])
    for name, pidfile in SERVERS.items():
        path = Path(lab.node(gateway).path(f"/run/nethv/{pidfile}.pid"))
        pid = path.read_text().strip() if path.exists() else None
        if pid in found:
            found[name] = found.pop(pid)
    return found


def serves_hosts(lab, process, gateway):
    """Whether 'process' of 'gateway', and nothing else, serves all hosts of its
    cloud."""
    cloud = next(cloud for cloud in lab.scenario.clouds
                 if gateway in [host.name for host in cloud.hosts])
    found = host_sessions(lab, gateway)
    return (list(found) == [process] and found[process]
            >= {str(host.private_ip) for host in cloud.hosts})
