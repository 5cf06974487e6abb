# SPDX-License-Identifier: Apache-2.0
"""Makes nethv-flows(7) from the code's own lists and man/nethv-flows.7.in.

usage: nethv-flows.py PIPELINE_H ROLES_H TEMPLATE

The lists of lib/pipeline.h (STAGE(...), FIELD(...), REASON(...)) and of the
compiler's roles (ROLE(...)) take the place of the lines @stages@, @fields@,
@reasons@ and @roles@ of the template.
"""

import re
import sys


def escape(text):
    return text.replace("\\", "\\e").replace("-", "\\-")


def entries(header, macro):
    """The arguments of each use of 'macro' in the list that it is for."""
    found = []
    for body in re.findall(rf"^\s+{macro}\((.*?)\)\s*\\?$", header, re.M | re.S):
        body = re.sub(r"\\\n\s*", "", body)
        strings = []

        def keep(match):
            strings.append("".join(re.findall(r'"(.*?)"', match.group(0))))
            return f"@{len(strings) - 1}"

        body = re.sub(r'"[^"]*"(\s*"[^"]*")*', keep, body)
        args = [arg.strip() for arg in body.split(",")]
        found.append([strings[int(a[1:])] if a.startswith("@") else a for a in args])
    if not found:
        sys.exit(f"nethv-flows.py: no {macro}(...) in the header")
    return found


def table(rows):
    """A table of roff, the first row its heading; the last column is filled."""
    columns = len(rows[0])
    lines = [".TS", "tab(\t);", "lB " * (columns - 1) + "lBx", "l " * (columns - 1) + "lx."]
    for row in rows:
        cells = [escape(cell) for cell in row]
        lines.append("\t".join(cells[:-1] + ["T{\n" + cells[-1] + "\nT}"]))
    return "\n".join(lines + [".TE"])


def stages(header):
    rows = [["table", "stage", "purpose"]]
    tenants = re.search(r"#define STAGE_TENANT_FIRST (\d+)\n#define STAGE_TENANT_LAST (\d+)", header)
    first, last = tenants.groups()
    listed = sorted((int(number), name, purpose)
                    for _, number, name, purpose in entries(header, "STAGE"))
    before = [s for s in listed if s[0] < int(first)]
    after = [s for s in listed if s[0] > int(last)]
    rows += [[str(n), name, purpose] for n, name, purpose in before]
    rows.append([f"{first}-{last}", "", "the tenants' own (switches in mode openflow)"])
    rows += [[str(n), name, purpose] for n, name, purpose in after]
    return table(rows)


def fields(header):
    rows = [["field", "where", "meaning"]]
    for _, reg, low, high, name, meaning in entries(header, "FIELD"):
        whole = (low, high) == ("0", "31")
        bits = "" if whole else f"[{low}]" if low == high else f"[{low}..{high}]"
        rows.append([name, f"reg{reg}{bits}", meaning])
    return table(rows)


def reasons(header):
    rows = [["number", "reason", "a frame that ..."]]
    for number, (_, name, meaning) in enumerate(entries(header, "REASON")):
        rows.append([str(number), name, meaning])
    return table(rows)


def roles(header):
    rows = [["first byte", "asked for by", "for"]]
    found = re.findall(r"^\s+ROLE\(\w+,\s*MODEL_(\w+),\s*\w+\)\s*/\*\s*(.*?)\s*\*/", header, re.M)
    if not found:
        sys.exit("nethv-flows.py: no ROLE(...) in the header")
    for number, (kind, meaning) in enumerate(found, start=1):
        row = "the host itself" if kind == "N_KINDS" else "a " + kind.lower()
        rows.append([f"0x{number:02x}", row, meaning.rstrip(".").lower()])
    return table(rows)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def main(pipeline_path, roles_path, template_path):
    pipeline, page = read(pipeline_path), read(template_path)
    lists = {
        "stages": stages(pipeline),
        "fields": fields(pipeline),
        "reasons": reasons(pipeline),
        "roles": roles(read(roles_path)),
    }
    for name, text in lists.items():
        if f"\n@{name}@\n" not in page:
            sys.exit(f"nethv-flows.py: {template_path} has no line @{name}@")
        page = page.replace(f"@{name}@", text)
    limit = re.search(r"#define PIPELINE_HOPS_MAX (\d+)", pipeline).group(1)
    sys.stdout.write(page.replace("@hops@", limit))


main(*sys.argv[1:])
