"""Compares what run.ts wrote with DuckDB's answer to the same query over the same events.

    .cache/readers/bin/python bench/nexmark/check.py QUERY INPUT_DIRECTORY OUTPUT_DIRECTORY

Prints "equal, N rows", or how many rows differ and some of them, and then ends with 1. Of updates the last of each key
counts; which files there are, and in which order, the manifests say.
"""

import glob
import json
import sys

import duckdb

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
        auction: 'bigint', bidder: 'bigint', price: 'bigint'}})""")
files = []
for manifest in sorted(glob.glob(f"{output}/result/_commits/*.json")):
    files += [f"{output}/result/{file['path']}" for file in json.load(open(manifest))["files"]]
names = [column.split() for column in columns.split(",")]
read = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in ([["op", "varchar"]] if key else []) + names) + "}"
db.execute(f"create table result ({'op varchar, ' if key else ''}{columns}, nth bigint)")
for nth, file in enumerate(files):
    db.execute(f"""insert into result select *, {nth} * 1000000000000 + row_number() over ()
        from read_csv('{file}', header = false, columns = {read}, parallel = false)""")
shown = "select * exclude (nth) from result"
if key:
    shown = f"""select * exclude (op, nth) from (select * from result
        qualify row_number() over (partition by {key} order by nth desc) = 1) where op = '+'"""
db.execute(f"create table given as {shown}")
db.execute(f"create table wanted as select * from ({answer})")
missing = db.execute("select * from wanted except all select * from given limit 5").fetchall()
extra = db.execute("select * from given except all select * from wanted limit 5").fetchall()
rows = db.execute("select count(*) from given").fetchone()[0]
if missing or extra:
    print(f"differs: missing {missing}, extra {extra}")
    sys.exit(1)
print(f"equal, {rows} rows")
