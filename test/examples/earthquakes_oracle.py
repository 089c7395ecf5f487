"""The gold table of examples/01-earthquakes, computed without the engine.

    earthquakes_oracle.py FILE...    one line of canonical JSON per row, sorted, as delta_reader.py prints them
"""

import collections
import json
import math
import sys

HOUR = 3_600_000

groups = collections.defaultdict(list)
for name in sys.argv[1:]:
    with open(name) as file:
        for line in file:
            quake = json.loads(line)
            groups[quake["net"], quake["time"] // HOUR * HOUR].append(quake)

rows = []
for (net, start), quakes in groups.items():
    row = {
        "net": net,
        "windowStart": str(start * 1000),
        "windowEnd": str((start + HOUR) * 1000),
        "quakes": str(len(quakes)),
        "maxMag": float(max(quake["mag"] for quake in quakes)),
        "meanDepth": math.fsum(quake["depth"] for quake in quakes) / len(quakes),
    }
    for name in ("maxMag", "meanDepth"):
        row[name] = 0.0 if row[name] == 0 else row[name]
    rows.append(json.dumps(row, sort_keys=True))
print("\n".join(sorted(rows)))
