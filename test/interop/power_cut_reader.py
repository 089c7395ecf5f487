"""What power cuts have left, as Python and the outside readers see it: one line of JSON for each folder.

    power_cut_reader.py states FILE...      SQLite's check of each state, and its epoch
    power_cut_reader.py tables FOLDER...    ids of the append-only tables (those of files: by pattern, as a reader that
                                            knows no manifest), rows of the table of upserts as delta_reader.py has them
"""

import glob
import json
import sqlite3
import sys

from delta_reader import lines, query
from parquet_reader import read_duckdb


def state(path):
    connection = sqlite3.connect(path)
    check = connection.execute("pragma integrity_check").fetchone()[0]
    tables = connection.execute("select count(*) from sqlite_master where name = 'key_index_version'").fetchone()
    epoch = connection.execute("select value from meta where name = 'epoch'").fetchone() if tables[0] else ["0"]
    connection.close()
    return {"check": check, "epoch": int(epoch[0])}


def ids(table):
    return sorted(table.column("id").to_pylist())


def ids_of_lines(folder):
    found = []
    for path in glob.glob(glob.escape(folder) + "/*.jsonl"):
        with open(path, encoding="utf-8") as file:
            found += [json.loads(line)["id"] for line in file]
    return sorted(found)


def tables(folder):
    lake = f"{folder}/out/lake"
    return {
        "append": ids(query(f"{lake}/append", None, "id")),
        "parquet": ids(read_duckdb([glob.escape(lake) + "/parquet/**/*.parquet"], False)),
        "files": ids_of_lines(f"{lake}/files"),
        "wide": ids_of_lines(f"{lake}/wide"),
        "upsert": lines(query(f"{lake}/upsert", None, "*")),
    }


for given in sys.argv[2:]:
    print(json.dumps(state(given) if sys.argv[1] == "states" else tables(given)))
