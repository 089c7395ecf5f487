"""What the tables of the soak hold, as delta-rs and DuckDB read them: one JSON object.

    soak_reader.py LAKE

`users` is the content of the table of upserts, [user, events, total] in order of users.
"""

import glob
import json
import sys

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder


def delta(path, sql):
    builder = QueryBuilder().register("t", DeltaTable(path))
    return pa.table(builder.execute(sql).read_all())


def directory(path, sql):
    if not glob.glob(glob.escape(path) + "/*.parquet"):
        return [0, 0]
    source = f"read_parquet('{path}/*.parquet', hive_partitioning=false)"
    return list(duckdb.connect().sql(sql.replace("FILES", source)).fetchone())


def main():
    lake = sys.argv[1]
    events = delta(f"{lake}/events", "select count(*), count(distinct id), sum(value) from t")
    users = delta(f'{lake}/users', 'select "user", events, total from t order by "user"')
    found = {
        "events": [column[0].as_py() for column in events.columns],
        "users": [list(row.values()) for row in users.to_pylist()],
        "spans": directory(f"{lake}/spans", "select cast(sum(events) as bigint), cast(sum(total) as bigint) from FILES"),
        "late": directory(f"{lake}/late", "select count(*), cast(sum(value) as bigint) from FILES"),
        "versions": {name: DeltaTable(f"{lake}/{name}").version() for name in ("events", "users")},
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
