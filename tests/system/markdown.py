# SPDX-License-Identifier: Apache-2.0
"""Commands in the documentation: fenced blocks that are marked for running.

    ```sh run               in the top directory, by sh
    ```sh on HOST           on that host of a lab
    ```json file NAME       what is in the file NAME
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Block:
    line: int
    words: tuple[str, ...]          # Behind the language.
    text: str


def blocks(path: Path) -> list[Block]:
    """The marked blocks of 'path', in order."""
    text = path.read_text("utf-8")
    return [Block(text.count("\n", 0, found.start()) + 1,
                  tuple(found[1].split()), found[2])
            for found in re.finditer(r"^```\w+ +([^\n]+)\n(.*?)^```$", text,
                                     re.M | re.S)]


def commands(block: Block) -> list[str]:
    """The commands of 'block'; a line that ends with a backslash goes on."""
    return [line for line in block.text.replace("\\\n", " ").splitlines()
            if line.strip() and not line.startswith("#")]


def links(path: Path) -> list[str]:
    """The files that 'path' refers to."""
    return re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8"))
