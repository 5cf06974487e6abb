# SPDX-License-Identifier: Apache-2.0
"""Makes the next version of the database's schema: a column is added.  Its name
is the last of its table, so that what was compiled with the other schema can be
linked with the IDL of this one."""

import json
import sys

schema = json.load(sys.stdin)
columns = schema["tables"]["Host_State"]["columns"]
assert max(columns) < "zone"
columns["zone"] = {"type": "string"}
major, minor, _ = schema["version"].split(".")
schema["version"] = f"{major}.{int(minor) + 1}.0"
json.dump(schema, sys.stdout, indent=4)
