"""Makes a table with delta-rs, with a row or two of its own, for pipelines to go on with:

    delta_create.py PATH "every type"    partitioned by part; one row that has an id of -1 and nothing else
    delta_create.py PATH orders          keyed, with deletion vectors; a row that will be replaced and one that will not
"""

import datetime
import sys

import pyarrow as pa
from deltalake import DeltaTable, Schema, write_deltalake

TIME = pa.timestamp("us", tz="UTC")
EVERY_TYPE = pa.schema(
    [
        pa.field("id", pa.int32(), nullable=False),
        ("flag", pa.bool_()),
        ("small", pa.int32()),
        ("big", pa.int64()),
        ("whole", pa.int64()),
        ("exact", pa.decimal128(18, 2)),
        ("real", pa.float64()),
        ("text", pa.string()),
        ("raw", pa.binary()),
        ("day", pa.date32()),
        ("at", TIME),
        ("doc", pa.string()),
        ("part", pa.string()),
    ]
)
ORDERS = pa.schema(
    [
        ("user", pa.string()),
        ("windowStart", TIME),
        ("windowEnd", TIME),
        ("orders", pa.int64()),
        ("amount", pa.int64()),
        ("heaviest", pa.float64()),
    ]
)


def order(user):
    start = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return dict(zip(ORDERS.names, (user, start, start + datetime.timedelta(hours=1), 77, 77, None), strict=True))


path, kind = sys.argv[1:]
if kind == "orders":
    configuration = {"delta.enableDeletionVectors": "true"}
    DeltaTable.create(path, Schema.from_arrow(ORDERS), configuration=configuration)
    rows = pa.Table.from_pylist([order("new 0"), order("nobody")], ORDERS)
else:
    DeltaTable.create(path, Schema.from_arrow(EVERY_TYPE), partition_by=["part"])
    rows = pa.Table.from_pylist([{"id": -1}], EVERY_TYPE)
write_deltalake(path, rows, mode="append")
print(DeltaTable(path).version())
