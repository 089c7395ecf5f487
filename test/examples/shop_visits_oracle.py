"""The gold tables of examples/02-shop-visits, computed without the engine.

    shop_visits_oracle.py visits|pages|customers FILE...    CSV as in expected/, but for the order of its rows
"""

import collections
import csv
import datetime
import math
import sys

MICROS = datetime.timedelta(microseconds=1)
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
BOUND = 600_000_000
GAP = 1_800_000_000


def micros(text):
    if not text.endswith("Z"):
        return None
    return (datetime.datetime.fromisoformat(text) - EPOCH) // MICROS


def iso(time):
    return (EPOCH + time * MICROS).strftime("%Y-%m-%dT%H:%M:%SZ")


def silver_of(names):
    """Rows in time, the first of each request; none that the clock has not reached. And the clock."""
    kept = {}
    clocks = []
    for name in names:
        clock = -math.inf
        with open(name, newline="") as file:
            for row in csv.DictReader(file, restval=None):
                time = micros(row["time"])
                if time is None or None in row.values():
                    continue
                clock = max(clock, time - BOUND - 1)
                if time > clock:
                    row["time"] = time
                    key = row["request"]
                    kept[key] = min(kept.get(key, row), row, key=lambda copy: copy["time"])
        clocks.append(clock)
    clock = max(clocks)
    return [row for row in kept.values() if row["time"] <= clock], clock


def failed(rows):
    return sum(int(row["status"]) >= 400 for row in rows)


def visits(silver, clock):
    yield ["user", "windowStart", "windowEnd", "clicks", "failed", "slowestMs"]
    users = collections.defaultdict(list)
    for row in sorted(silver, key=lambda row: row["time"]):
        if row["user"] == "":
            continue
        known = users[row["user"]]
        if known and row["time"] - known[-1][-1]["time"] <= GAP:
            known[-1].append(row)
        else:
            known.append([row])
    for user, sessions in users.items():
        for rows in sessions:
            end = rows[-1]["time"] + GAP
            if end <= clock:
                slowest = max(int(row["ms"]) for row in rows)
                yield [user, iso(rows[0]["time"]), iso(end), len(rows), failed(rows), slowest]


def pages(silver, _clock):
    yield ["path", "clicks", "failed", "meanMs"]
    groups = collections.defaultdict(list)
    for row in silver:
        groups[row["path"]].append(row)
    for path, rows in groups.items():
        good = [int(row["ms"]) for row in rows if int(row["status"]) < 400]
        mean = sum(good) / len(good) if good else ""
        yield [path, len(rows), failed(rows), int(mean) if mean != "" and mean == int(mean) else mean]


def customers(silver, _clock):
    columns = ["request", "time", "user", "path", "status", "ms"]
    yield columns
    latest = {}
    for row in sorted(silver, key=lambda row: (row["time"], row["request"])):
        if row["user"] != "":
            latest[row["user"]] = row
    for row in latest.values():
        yield [iso(row["time"]) if column == "time" else row[column] for column in columns]


table, *names = sys.argv[1:]
csv.writer(sys.stdout, lineterminator="\n").writerows(globals()[table](*silver_of(names)))
