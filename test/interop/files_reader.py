"""Reads a directory of CSV or JSON Lines files that dataflow wrote: every row as one line of canonical JSON (see
delta_reader.py), lines sorted.

    files_reader.py PATH                     the files that the manifest names, read by Python's csv or json module
    files_reader.py PATH --files all         all data files below PATH, as a reader that knows no manifest
    files_reader.py PATH --engine duckdb
    files_reader.py PATH --changes KEY       files with changes: the rows that are left once all are made, line by line;
                                             upserts replace by KEY (a,b), with an empty KEY rows are taken back as they
                                             are. Then the content hash of these rows, that of the changes, and the
                                             one in the newest marker

The manifest is `_commits/<version>.json`, one file a commit: read here in a few lines, as any reader could. Python's
csv module cannot tell null from empty text: both are empty text here.
"""

import argparse
import base64
import collections
import csv
import datetime
import decimal
import glob
import json

import pyarrow as pa
from content_hash import encoded, murmur3_x86_128
from delta_reader import canonical, lines, literal

ARROW = {
    "bool": pa.bool_(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "string": pa.string(),
    "bytes": pa.binary(),
    "timestamp": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "json": pa.string(),
}
DUCKDB = {
    "bool": "boolean",
    "int32": "integer",
    "int64": "bigint",
    "float64": "double",
    "bytes": "varchar",
    "string": "varchar",
    "timestamp": "timestamptz",
    "date": "date",
    "json": "json",
}


def commits(path):
    return sorted(glob.glob(glob.escape(path) + "/_commits/*.json"))


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def manifest(path):
    return [f"{path}/{entry['path']}" for commit in commits(path) for entry in load(commit)["files"]]


def arrow_type(kind):
    if kind.startswith("decimal"):
        precision, scale = kind[len("decimal(") : -1].split(",")
        return pa.decimal128(int(precision), int(scale))
    return ARROW[kind]


def value(cell, kind):
    """A value from its text, or from what the json module made of it."""
    if kind == "string":
        return cell
    if kind == "bytes":
        return base64.b64decode(cell, validate=True)
    if kind == "json":
        return cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False, separators=(",", ":"))
    if kind == "bool":
        return {"true": True, "false": False, True: True, False: False}[cell]
    if kind == "float64":
        return float(cell)
    if kind == "timestamp":
        return datetime.datetime.fromisoformat(cell)
    if kind == "date":
        return datetime.date.fromisoformat(cell)
    if kind.startswith("decimal"):
        return decimal.Decimal(cell)
    return int(cell)


def parsed(file, columns):
    """The rows of a file, each a list of cells."""
    if file.endswith(".jsonl"):
        with open(file, encoding="utf-8", newline="\n") as text:
            for line in text:
                record = json.loads(line)
                assert list(record) == [column["name"] for column in columns], line
                # A document that is text comes out of json.loads without its quotes.
                yield [
                    json.dumps(cell, ensure_ascii=False) if column["type"] == "json" and isinstance(cell, str) else cell
                    for cell, column in zip(record.values(), columns, strict=True)
                ]
        return
    with open(file, encoding="utf-8", newline="") as text:
        reader = csv.reader(text, strict=True)
        assert next(reader) == [column["name"] for column in columns]
        for row in reader:
            kinds = [column["type"] for column in columns]
            yield [
                None if cell == "" and kind not in ("string", "bytes") else cell
                for cell, kind in zip(row, kinds, strict=True)
            ]


def read_python(files, columns):
    for file in files:
        for row in parsed(file, columns):
            yield [
                None if cell is None else value(cell, column["type"])
                for cell, column in zip(row, columns, strict=True)
            ]


def read_duckdb(files, columns):
    import duckdb

    connection = duckdb.connect()
    connection.execute("set timezone='UTC'")
    types = ", ".join(f"{literal(c['name'])}: {literal(DUCKDB.get(c['type'], c['type']))}" for c in columns)
    given = f"[{', '.join(map(literal, files))}], columns={{{types}}}"
    if files[0].endswith(".jsonl"):
        sql = f"read_json({given}, format='newline_delimited')"
    else:
        dialect = "delim=',', quote='\"', escape='\"', new_line='\\n', nullstr='', allow_quoted_nulls=false"
        sql = f"read_csv({given}, header=true, auto_detect=false, {dialect})"
    names = [f'from_base64("{c["name"]}") as "{c["name"]}"' if c["type"] == "bytes" else f'"{c["name"]}"' for c in columns]
    return pa.table(connection.sql(f"select {', '.join(names)} from {sql}").to_arrow_table())


def hash_of(rows, columns):
    total = 0
    for row in rows:
        cells = zip(row, columns, strict=True)
        words = murmur3_x86_128(b"".join(encoded(cell, arrow_type(column["type"])) for cell, column in cells))
        total += sum(word << 32 * i for i, word in enumerate(words))
    return format(total % (1 << 128), "032x")


def standing(changes, columns, key):
    """The rows that are left, by the plainest means."""
    if key == "":
        counts = collections.Counter()
        for op, *row in changes:
            counts[tuple(row)] += {"+": 1, "-": -1}[op]
        assert min(counts.values()) >= 0
        return list(counts.elements())
    names = [column["name"] for column in columns]
    at = [names.index(name) for name in key.split(",")]
    rows = {}
    for op, *row in changes:
        values = tuple(row[i] for i in at)
        if op == "+":
            rows[values] = row
        else:
            assert [cell for i, cell in enumerate(row) if i not in at and cell not in (None, "")] == []
            rows.pop(values, None)
    return list(rows.values())


def print_rows(rows, columns):
    kinds = [arrow_type(column["type"]) for column in columns]
    names = [column["name"] for column in columns]
    found = (dict(zip(names, map(canonical, row, kinds), strict=True)) for row in rows)
    for line in sorted(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in found):
        print(line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--files", choices=["manifest", "all"], default="manifest")
    parser.add_argument("--engine", choices=["python", "duckdb"], default="python")
    parser.add_argument("--changes")
    given = parser.parse_args()
    columns = load(given.path + "/_table.json")["columns"]
    files = manifest(given.path)
    if given.files == "all":
        files = sorted(name for ending in ("csv", "jsonl") for name in glob.glob(f"{glob.escape(given.path)}/*.{ending}"))
    if given.engine == "duckdb":
        for line in lines(read_duckdb(files, columns)):
            print(line)
        return
    rows = list(read_python(files, columns))
    if given.changes is None:
        print_rows(rows, columns)
        return
    left = standing(rows, columns[1:], given.changes)
    print_rows(left, columns[1:])
    print(hash_of(left, columns[1:]))
    print(hash_of(rows, columns))
    print(load(commits(given.path)[-1])["marker"]["contentHash"])


if __name__ == "__main__":
    main()
