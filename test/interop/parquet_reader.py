"""Reads a Parquet directory that dataflow wrote: every row as one line of canonical JSON, lines sorted.

    parquet_reader.py PATH                     the files that the manifest names, read by pyarrow
    parquet_reader.py PATH --files all         every *.parquet below PATH, as a reader that knows no manifest
    parquet_reader.py PATH --engine duckdb
    parquet_reader.py PATH --engine duckdb --folders    values of partition columns from the folders' names

The manifest is `_commits/<version>.json`, one file a commit: read here in a few lines, as any reader could.
"""

import argparse
import glob
import json

import pyarrow as pa
import pyarrow.parquet as pq
from delta_reader import lines, literal


def manifest(path):
    files = []
    for commit in glob.glob(glob.escape(path) + "/_commits/*.json"):
        with open(commit, encoding="utf-8") as file:
            files += [f"{path}/{entry['path']}" for entry in json.load(file)["files"]]
    return files


def read_duckdb(files, folders):
    import duckdb

    connection = duckdb.connect()
    connection.execute("set timezone='UTC'")
    # A list of one pattern is a pattern as well.
    hive = "hive_partitioning=true, hive_types_autocast=false" if folders else "hive_partitioning=false"
    sql = f"select * from read_parquet([{', '.join(map(literal, files))}], {hive})"
    return pa.table(connection.sql(sql).to_arrow_table())


def read_pyarrow(files):
    return pa.concat_tables(pq.ParquetFile(file).read() for file in files)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--files", choices=["manifest", "all"], default="manifest")
    parser.add_argument("--engine", choices=["pyarrow", "duckdb"], default="pyarrow")
    parser.add_argument("--folders", action="store_true")
    given = parser.parse_args()
    if given.files == "manifest":
        files = manifest(given.path)
    elif given.engine == "duckdb":
        files = [glob.escape(given.path) + "/**/*.parquet"]
    else:
        files = glob.glob(glob.escape(given.path) + "/**/*.parquet", recursive=True)
    table = read_duckdb(files, given.folders) if given.engine == "duckdb" else read_pyarrow(files)
    for line in lines(table):
        print(line)


if __name__ == "__main__":
    main()
