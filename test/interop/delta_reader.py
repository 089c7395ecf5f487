"""Reads a Delta table with delta-rs, which knows nothing of our writer.

    delta_reader.py PATH                    every row as one line of canonical JSON, lines sorted
    delta_reader.py PATH --count            the number of rows
    delta_reader.py PATH --where "id > 5"   with a filter that may skip files by their statistics
    delta_reader.py PATH --version 3        an older version
    delta_reader.py PATH --engine duckdb    DuckDB on the file list of delta-rs: tables without deletion vectors
    delta_reader.py PATH --prune            filters at and around values of every column, with skipping and without,
                                            must find the same rows; prints the number of filters
    delta_reader.py PATH --prune --column id    the same for one column only

Canonical: keys sorted; int64, decimal and timestamp (microseconds) as text, bytes as hex, dates as yyyy-mm-dd,
NaN and infinities as text, -0.0 as 0.0.
Needs deltalake 1.6, pyarrow and, for --engine duckdb, duckdb 1.5.
"""

import argparse
import datetime
import decimal
import json
import math
import urllib.parse

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def canonical(value, kind):
    if value is None:
        return None
    if pa.types.is_int64(kind) or pa.types.is_decimal(kind):
        return format(value, "f") if isinstance(value, decimal.Decimal) else str(value)
    if pa.types.is_timestamp(kind):
        at = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
        return str((at - EPOCH) // datetime.timedelta(microseconds=1))
    if pa.types.is_date(kind):
        return value.isoformat()
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if isinstance(value, float):
        if math.isnan(value) or math.isinf(value):
            return str(value)
        return 0.0 if value == 0 else value
    return value


def lines(table):
    kinds = table.schema.types
    names = table.schema.names
    columns = [table.column(i).to_pylist() for i in range(len(names))]
    rows = []
    for row in range(table.num_rows):
        cells = {name: canonical(columns[i][row], kinds[i]) for i, name in enumerate(names)}
        rows.append(json.dumps(cells, sort_keys=True, ensure_ascii=False))
    rows.sort()
    return rows


def query(path, version, what, where=None):
    # to_pyarrow refuses tables with deletion vectors; the query engine reads them.
    return select(QueryBuilder().register("t", DeltaTable(path, version=version)), what, where)


def select(builder, what, where=None):
    sql = f"select {what} from t" + (f" where {where}" if where else "")
    return pa.table(builder.execute(sql).read_all())


def duckdb_table(path, version, where):
    import duckdb

    table = DeltaTable(path, version=version)
    actions = pa.table(table.get_add_actions(flatten=True))
    if "deletion_vector.cardinality" in actions.schema.names:
        raise SystemExit("DuckDB on files cannot see deletion vectors")
    partitions = table.metadata().partition_columns
    schema = pa.schema(table.schema())
    parts = []
    for action in actions.to_pylist():
        constants = [
            f"cast({literal(action.get(f'partition.{name}'))} as {duckdb_type(schema.field(name).type)}) as \"{name}\""
            for name in partitions
        ]
        from_file = [f'"{name}"' for name in schema.names if name not in partitions]
        uri = path.rstrip("/") + "/" + urllib.parse.unquote(action["path"])
        order = ", ".join(from_file + constants)
        parts.append(f"select {order} from read_parquet({literal(uri)}, hive_partitioning=false)")
    sql = "select * from (" + " union all by name ".join(parts) + ")" + (f" where {where}" if where else "")
    connection = duckdb.connect()
    connection.execute("set timezone='UTC'")
    return pa.table(connection.sql(sql).to_arrow_table())


def duckdb_type(kind):
    if pa.types.is_timestamp(kind):
        return "timestamptz"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_date(kind):
        return "date"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_int32(kind):
        return "integer"
    return "bigint" if pa.types.is_integer(kind) else "varchar"


def literal(value):
    return "null" if value is None else "'" + str(value).replace("'", "''") + "'"


def sql_value(value, kind):
    if pa.types.is_timestamp(kind):
        return f"timestamp '{value.astimezone(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%fZ')}'"
    if pa.types.is_date(kind):
        return f"date '{value.isoformat()}'"
    if pa.types.is_decimal(kind):
        return f"cast('{value}' as decimal({kind.precision},{kind.scale}))"
    if pa.types.is_floating(kind):
        return f"cast('{value!r}' as double)"
    if pa.types.is_boolean(kind):
        return str(value).lower()
    return literal(value) if isinstance(value, str) else str(value)


def prune(path, version, only):
    """Counts rows with each filter, which may skip files, and with all of them at once in a scan that skips none."""
    builder = QueryBuilder().register("t", DeltaTable(path, version=version))
    everything = select(builder, "*")
    conditions = []
    for field in everything.schema:
        kind = field.type
        if only not in (None, field.name):
            continue
        conditions += [f'"{field.name}" is null', f'"{field.name}" is not null']
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
            continue
        present = [value for value in everything.column(field.name).to_pylist() if value is not None]
        ordered = sorted(set(value for value in present if value == value))
        picked = sorted(set(ordered[i * (len(ordered) - 1) // 5] for i in range(6))) if ordered else []
        # Parquet's own statistics leave NaN out, as the format demands: whether a filter finds NaN is up to the reader.
        extra = f' and not isnan("{field.name}")' if pa.types.is_floating(kind) else ""
        operators = ("=", "<=", ">=", "<", ">")
        conditions += [f'"{field.name}" {op} {sql_value(v, kind)}{extra}' for v in picked for op in operators]
    # Named: a condition may hold a NUL, which no column's name can.
    counts = (f"count(case when {condition} then 1 end) as c{i}" for i, condition in enumerate(conditions))
    scanned = select(builder, ", ".join(counts))
    for i, condition in enumerate(conditions):
        skipping = select(builder, "count(*)", condition).column(0)[0].as_py()
        full = scanned.column(i)[0].as_py()
        if skipping != full:
            raise SystemExit(f"{condition}: {skipping} rows with skipping, {full} without")
    return len(conditions)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--count", action="store_true")
    parser.add_argument("--prune", action="store_true")
    parser.add_argument("--column")
    parser.add_argument("--where")
    parser.add_argument("--version", type=int)
    parser.add_argument("--engine", choices=["delta-rs", "duckdb"], default="delta-rs")
    given = parser.parse_args()
    if given.prune:
        print(prune(given.path, given.version, given.column))
        return
    if given.engine == "duckdb":
        table = duckdb_table(given.path, given.version, given.where)
    else:
        table = query(given.path, given.version, "*", given.where)
    if given.count:
        print(table.num_rows)
        return
    for line in lines(table):
        print(line)


if __name__ == "__main__":
    main()
