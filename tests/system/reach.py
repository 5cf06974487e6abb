# SPDX-License-Identifier: Apache-2.0
"""Who reaches whom in a lab: pings, TCP connections and raw IP, by sockets
that this process opens at places of the lab."""

from __future__ import annotations

import re
import socket
import time


def ping(lab, place, target, *options):
    """Returns (received, minimal RTT in ms or None) of some pings."""
    result = lab.run(place, ["ping", "-n", "-q", "-i", "0.05", "-W", "1",
                             *options, target], check=False)
    received = int(re.search(r"(\d+) received", result.stdout)[1])
    minimum = re.search(r"rtt [^=]*= ([\d.]+)/", result.stdout)
    return received, float(minimum[1]) if minimum else None


def listen(lab, place, port):
    with lab.network(place):
        sock = socket.create_server(("0.0.0.0", port))
        sock.settimeout(3)
        return sock


def connect(lab, place, address, port, timeout=3.0):
    """A connection, or None if nothing answers."""
    with lab.network(place):
        sock = socket.socket()
    sock.settimeout(timeout)
    try:
        sock.connect((address, port))
        return sock
    except OSError:
        sock.close()
        return None


def reachable(lab, source, target, address, port, timeout=0.7):
    """Whether 'source' reaches a server at 'target' by 'address'."""
    with listen(lab, target, port):
        client = connect(lab, source, address, port, timeout)
        if client:
            client.close()
        return client is not None


def send_ip(lab, source, target, protocol, payload):
    with lab.network(source):
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
    with sock:
        for _ in range(3):
            sock.sendto(payload, (target, 0))
            time.sleep(0.05)


def passes(lab, source, target, address, protocol, payload):
    """Whether IP 'protocol' from 'source' arrives at host 'target'."""
    with lab.network(target):
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
    with sock:
        sock.settimeout(0.7)
        send_ip(lab, source, address, protocol, payload)
        try:
            return payload in sock.recv(65536)
        except TimeoutError:
            return False
