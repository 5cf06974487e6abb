# SPDX-License-Identifier: Apache-2.0
"""A certificate authority's key in a test's hands: certificates that end when
the test wants."""

from __future__ import annotations

import subprocess
from pathlib import Path

CONFIGURATION = """[ca]
default_ca = d
[d]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = p
unique_subject = no
[p]
organizationName = optional
organizationalUnitName = optional
commonName = supplied
"""


class Authority:
    """Signs in 'directory' with the key of a lab's authority."""

    def __init__(self, directory: Path, certificate: Path, key: Path):
        self.directory = directory
        self.signer = ("-cert", certificate, "-keyfile", key)
        (directory / "index").write_text("")
        (directory / "serial").write_text("01\n")
        (directory / "ca.conf").write_text(CONFIGURATION)

    def sign(self, request: Path, certificate: Path, start: str, end: str,
             *options: str) -> None:
        """Times are as in 20200101000000Z; 'options' are openssl-ca(1)'s."""
        subprocess.run(["openssl", "ca", "-batch", "-config", "ca.conf",
                        "-notext", *map(str, self.signer), "-in", request,
                        "-out", certificate, "-startdate", start, "-enddate",
                        end, *options],
                       cwd=self.directory, check=True, capture_output=True)
