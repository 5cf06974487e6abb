# SPDX-License-Identifier: Apache-2.0
"""GRE and Geneve around frames, as the underlay carries them."""
import ipaddress
import struct

GENEVE_PORT = 6081
OPTION_CLASS = 0xffff


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(src, dst, protocol, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0x4000,
                       64, protocol, 0, ipaddress.ip_address(src).packed,
                       ipaddress.ip_address(dst).packed)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def gre(src, dst, key, frame):
    return ipv4(src, dst, 47, struct.pack("!HHI", 0x2000, 0x6558, key) + frame)


def geneve(src, dst, key, option, frame):
    options = b""
    if option is not None:
        options = struct.pack("!HBBI", OPTION_CLASS, 0, 1, option)
    payload = (struct.pack("!BBHI", len(options) // 4, 0, 0x6558,
                           (key & 0xffffff) << 8) + options + frame)
    return ipv4(src, dst, 17, struct.pack("!HHHH", 40000, GENEVE_PORT,
                                          8 + len(payload), 0) + payload)


def unwrap(frame):
    """Returns (encapsulation, destination, key, option, inner frame)."""
    assert frame[12:14] == b"\x08\x00"
    destination = str(ipaddress.ip_address(frame[30:34]))
    payload = frame[34:]
    if frame[23] == 47:
        flags, _, key = struct.unpack("!HHI", payload[:8])
        assert flags == 0x2000
        return "gre", destination, key, None, payload[8:]
    assert frame[23] == 17
    n, _, _, vni = struct.unpack("!BBHI", payload[8:16])
    option = None
    if n:
        option = struct.unpack("!I", payload[20:24])[0]
    return "geneve", destination, vni >> 8, option, payload[16 + n * 4:]
