"""Compares what run.ts wrote, files of CSV or a Delta table, with DuckDB's answer to the same query over the same events.

    .cache/readers/bin/python bench/nexmark/check.py QUERY INPUT_DIRECTORY OUTPUT_DIRECTORY

Prints "equal, N rows", or how many rows differ and some of them, and then ends with 1. Of updates in files the last of
each key counts; which files there are, and in which order, the manifests say. A table is read by delta-rs.
"""

import glob
import json
import os
import sys

import duckdb
from deltalake import DeltaTable, QueryBuilder

query, events, output = sys.argv[1:4]
BIDS = "(select * from events where type = 'bid')"
# The columns of the result, the answer, and the columns that are the key of updates.
QUERIES = {
    "q1": (
        "auction bigint, bidder bigint, price bigint, dateTime bigint",
        f"select auction, bidder, price * 908 // 1000, dateTime from {BIDS}",
        None,
    ),
    "q5": (
        "auction bigint, start timestamp, bids bigint",
        f"""select auction, make_timestamp(start * 1000), count(*) from (
            select auction, unnest([t, t - 2000, t - 4000, t - 6000, t - 8000]) as start
            from (select auction, dateTime // 2000 * 2000 t from {BIDS})) group by all""",
        None,
    ),
    "q7": (
        "auction bigint, start timestamp, highest bigint, bids bigint",
        f"select auction, make_timestamp(dateTime // 10000 * 10000000), max(price), count(*) from {BIDS} group by all",
        None,
    ),
    "q8": (
        "person bigint, name varchar, auction bigint, start timestamp",
        """select p.id, p.name, a.id, make_timestamp(p.start * 1000)
            from (select *, dateTime // 10000 * 10000 as start from events where type = 'person') p
            join (select *, dateTime // 10000 * 10000 as start from events where type = 'auction') a
            on p.id = a.seller and p.start = a.start""",
        None,
    ),
    "q11": (
        "bidder bigint, first timestamp, last timestamp, bids bigint",
        f"""select bidder, make_timestamp(min(dateTime) * 1000), make_timestamp(max(dateTime) * 1000), count(*) from (
            select *, sum(begins) over (partition by bidder order by dateTime, eid) nth from (
            select *, (dateTime - lag(dateTime) over (partition by bidder order by dateTime, eid)
                > 10000)::int as begins from {BIDS})) group by bidder, coalesce(nth, 0)""",
        None,
    ),
    "q17": (
        """auction bigint, day bigint, bids bigint, cheap bigint, middling bigint, dear bigint,
            lowest bigint, highest bigint, total bigint""",
        f"""select auction, dateTime // 86400000 * 86400000, count(*), count(*) filter (price < 10000),
            count(*) filter (price >= 10000 and price < 1000000), count(*) filter (price >= 1000000),
            min(price), max(price), sum(price)::bigint from {BIDS} group by all""",
        "auction, day",
    ),
    "bronze": (
        """type varchar, eid bigint, auction bigint, bidder bigint, price bigint, channel varchar, url varchar,
            dateTime bigint, extra varchar""",
        f"select type, eid, auction, bidder, price, channel, url, dateTime, extra from {BIDS}",
        None,
    ),
    "q18": (
        "bidder bigint, auction bigint, dateTime bigint, eid bigint, price bigint",
        f"""select bidder, auction, dateTime, eid, price from {BIDS}
            qualify row_number() over (partition by bidder, auction order by dateTime desc, eid desc) = 1""",
        "bidder, auction",
    ),
}
columns, answer, key = QUERIES[query]

db = duckdb.connect()
db.execute(f"""create view events as select * from read_json('{events}/part-*.jsonl', format = 'newline_delimited',
    columns = {{type: 'varchar', eid: 'bigint', dateTime: 'bigint', id: 'bigint', name: 'varchar', seller: 'bigint',
        auction: 'bigint', bidder: 'bigint', price: 'bigint', channel: 'varchar', url: 'varchar',
        extra: 'varchar'}})""")


def rows_of_files():
    """What the files show: every row, or of updates the last of each key."""
    files = []
    for manifest in sorted(glob.glob(f"{output}/result/_commits/*.json")):
        files += [f"{output}/result/{file['path']}" for file in json.load(open(manifest))["files"]]
    read = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in ([["op", "varchar"]] if key else []) + names) + "}"
    db.execute(f"create table result ({'op varchar, ' if key else ''}{columns}, nth bigint)")
    for nth, file in enumerate(files):
        db.execute(f"""insert into result select *, {nth} * 1000000000000 + row_number() over ()
            from read_csv('{file}', header = false, columns = {read}, parallel = false)""")
    if not key:
        return "select * exclude (nth) from result"
    return f"""select * exclude (op, nth) from (select * from result
        qualify row_number() over (partition by {key} order by nth desc) = 1) where op = '+'"""


def rows_of_table():
    """The rows of the table, with times as files have them: milliseconds, or without a zone."""
    table = DeltaTable(f"{output}/result")
    db.register("result", QueryBuilder().register("result", table).execute("select * from result").read_all())
    times = {field.name for field in table.schema().fields if "timestamp" in str(field.type)}
    shown = [
        name
        if name not in times
        else f"epoch_ms({name})" if kind == "bigint" else f"make_timestamp(epoch_us({name}))"
        for name, kind in names
    ]
    return f"select {', '.join(shown)} from result"


names = [column.split() for column in columns.split(",")]
shown = rows_of_table() if os.path.isdir(f"{output}/result/_delta_log") else rows_of_files()
db.execute(f"create table given as {shown}")
db.execute(f"create table wanted as select * from ({answer})")
missing = db.execute("select * from wanted except all select * from given limit 5").fetchall()
extra = db.execute("select * from given except all select * from wanted limit 5").fetchall()
rows = db.execute("select count(*) from given").fetchone()[0]
if missing or extra:
    print(f"differs: missing {missing}, extra {extra}")
    sys.exit(1)
print(f"equal, {rows} rows")
