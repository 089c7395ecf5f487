"""Judges small Parquet files: parquet_random.py FOLDER

FOLDER/<n>.ours.parquet is judged by FOLDER/<n>.other.parquet, the same rows written by someone else. pyarrow, DuckDB
and Polars must read the same values and types from both. Filters at values of every column, which may skip row groups
by their bounds and dictionaries, must find in ours the rows that they find in memory. Column `row` is the number of the
row.

Prints the number of files, of row groups and of filters, then a line per deviation. Needs pyarrow, duckdb and polars.
"""

import glob
import operator
import os
import sys

# One file after the other is read, and none is large: threads would only wait for each other.
os.environ["POLARS_MAX_THREADS"] = "1"

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

OPERATORS = {"=": operator.eq, "<=": operator.le, ">=": operator.ge}


def storage(given):
    """A column or value that Python has no type for, as the numbers that are stored."""
    if pa.types.is_date32(given.type):
        return given.cast(pa.int32())
    if pa.types.is_timestamp(given.type):
        return given.cast(pa.int64())
    return given


def values(table):
    """repr tells -0.0 from 0.0, and makes NaN equal to itself."""
    return [[repr(value) for value in storage(column).to_pylist()] for column in table.columns]


def literal(value, kind):
    """The value in DuckDB's SQL; None where it cannot be written there."""
    if pa.types.is_date32(kind):
        days = storage(value).as_py()
        return f"date '1970-01-01' + {days}" if abs(days) < 1_000_000 else None
    if pa.types.is_timestamp(kind):
        return f"make_timestamptz({storage(value).as_py()})"
    plain = value.as_py()
    if pa.types.is_floating(kind):
        return f"'{plain!r}'::double"
    if pa.types.is_decimal(kind):
        return f"'{plain:f}'::decimal({kind.precision},{kind.scale})"
    if pa.types.is_string(kind):
        return None if "\0" in plain else "'" + plain.replace("'", "''") + "'"
    if pa.types.is_binary(kind):
        return "'" + "".join(f"\\x{byte:02X}" for byte in plain) + "'::blob"
    return str(plain)


def chosen(column, seed):
    """A value of the column, if it has one."""
    present = column.drop_null()
    return [present[seed % len(present)]] if len(present) else []


def judge_pyarrow(path, expected, seed, report):
    read = pq.read_table(path)
    report("pyarrow types", read.schema.equals(expected.schema))
    report("pyarrow values", values(read) == values(expected))
    dataset = ds.dataset(path)
    filters = 0
    for name in expected.schema.names:
        conditions = [(f"{name} is null", pc.field(name).is_null())]
        for value in chosen(expected.column(name), seed):
            for sign, compare in OPERATORS.items():
                shown = storage(value).as_py()
                conditions.append((f"{name} {sign} {shown!r}", compare(pc.field(name), value)))
        for text, condition in conditions:
            found = dataset.to_table(columns=["row"], filter=condition).column("row").to_pylist()
            wanted = expected.filter(condition).column("row").to_pylist()
            report(f"pyarrow where {text}: {found}, not {wanted}", found == wanted)
            filters += 1
    return filters


def judge_duckdb(path, other, expected, seed, report):
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set timezone='UTC'")
    connection.execute(f"create table expected as select * from read_parquet('{other}')")
    source = f"read_parquet('{path}')"

    def table(sql):
        return pa.table(connection.sql(sql).to_arrow_table())

    read, wanted = table(f"select * from {source}"), table("select * from expected")
    report("duckdb types", read.schema.equals(wanted.schema))
    report("duckdb values", values(read) == values(wanted))
    filters = 0
    for name in expected.schema.names:
        column = expected.column(name)
        conditions = [f"{name} is null"]
        for value in chosen(column, seed):
            text = literal(value, column.type)
            if text is not None:
                conditions += [f"{name} {sign} {text}" for sign in OPERATORS]
        for condition in conditions:
            rows, wanted = (
                connection.execute(f"select row from {of} where {condition} order by row").fetchall()
                for of in (source, "expected")
            )
            report(f"duckdb where {condition}: {rows}, not {wanted}", rows == wanted)
            filters += 1
    return filters


def judge_polars(path, other, expected, seed, report):
    wanted = pl.read_parquet(other)
    read = pl.read_parquet(path)
    report("polars types", read.schema == wanted.schema)
    report("polars values", values(read.to_arrow()) == values(wanted.to_arrow()))
    filters = 0
    for name, kind in wanted.schema.items():
        column = expected.column(name)
        conditions = [(f"{name} is null", pl.col(name).is_null())]
        for value in chosen(column, seed):
            shown = storage(value).as_py()
            for sign, compare in OPERATORS.items():
                # A date or time as its number: Python knows no year 10,000.
                constant = pl.lit(shown).cast(kind) if isinstance(shown, int) else pl.lit(shown, dtype=kind)
                conditions.append((f"{name} {sign} {shown!r}", compare(pl.col(name), constant)))
        for text, condition in conditions:
            found = pl.scan_parquet(path).filter(condition).select("row").collect()["row"].to_list()
            rows = wanted.filter(condition)["row"].to_list()
            report(f"polars where {text}: {found}, not {rows}", found == rows)
            filters += 1
    return filters


def main():
    deviations = []
    files = groups = filters = 0
    for path in sorted(glob.glob(glob.escape(sys.argv[1]) + "/*.ours.parquet")):
        other = path.replace(".ours.", ".other.")

        def report(what, is_right, path=path):
            if not is_right:
                deviations.append(f"{path}: {what}")

        expected = pq.read_table(other)
        filters += judge_pyarrow(path, expected, files, report)
        filters += judge_duckdb(path, other, expected, files, report)
        filters += judge_polars(path, other, expected, files, report)
        groups += pq.ParquetFile(path).num_row_groups
        files += 1
    print(files, groups, filters)
    for deviation in deviations:
        print(deviation)


if __name__ == "__main__":
    main()
