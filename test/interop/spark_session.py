"""Spark, asked line by line: spark_session.py IVY

Each line that comes in is a question in JSON, each line that goes out its `answer`, or the `error` instead:

    {"rows": PATH, "format": "delta", "version": 3, "vectorized": true}
                                   every row as a line of canonical JSON, as delta_reader.py gives them, sorted
    {"sql": "delete from …"}       runs a statement; null
    {"filters": PATH, "format": "delta"}
                                   filters at values of every column, which may skip files, row groups and pages, must
                                   find as many rows as when none is skipped: how many filters there were, and a line
                                   for each that does not

IVY is where Spark keeps the jars of Delta Lake, which it fetches the first time.
Needs pyspark, delta-spark and Java 17.
"""

import json
import math
import os
import sys

from delta import configure_spark_with_delta_pip
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.databricks.delta.retentionDurationCheck.enabled": "false",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.jars.ivy": sys.argv[1],
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}

# Spark prints to what it takes for the terminal: answers go out on a copy, and what it prints to stderr.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

builder = SparkSession.builder.master("local[2]")
for name, value in SETTINGS.items():
    builder = builder.config(name, value)
spark = configure_spark_with_delta_pip(builder).getOrCreate()
spark.sparkContext.setLogLevel("OFF")


def load(path, format, version=None):
    reader = spark.read.format(format)
    return (reader if version is None else reader.option("versionAsOf", version)).load(path)


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def shown(field):
    """A column as text where Python's own value would not be the whole of it."""
    column, kind = F.col(quoted(field.name)), field.dataType
    if isinstance(kind, T.TimestampType):
        return F.unix_micros(column).cast("string")
    if isinstance(kind, (T.LongType, T.DecimalType, T.DateType)):
        return column.cast("string")
    return F.lower(F.hex(column)) if isinstance(kind, T.BinaryType) else column


def plain(value):
    if isinstance(value, float):
        return str(value) if math.isnan(value) or math.isinf(value) else value + 0.0
    return value


def rows(path, format, version=None, vectorized=True):
    spark.conf.set("spark.sql.parquet.enableVectorizedReader", str(vectorized).lower())
    table = load(path, format, version)
    names = table.schema.names
    lines = []
    for row in table.select(*[shown(field) for field in table.schema.fields]).collect():
        cells = dict(zip(names, map(plain, row), strict=True))
        lines.append(json.dumps(cells, sort_keys=True, ensure_ascii=False))
    return sorted(lines)


def conditions(table):
    for field in table.schema.fields:
        column, kind = F.col(quoted(field.name)), field.dataType
        yield f"{field.name} is null", column.isNull()
        if isinstance(kind, (T.BinaryType, T.BooleanType)):
            continue
        values = [row[0] for row in table.select(column.cast("string")).where(column.isNotNull()).distinct().collect()]
        for value in sorted(values)[:: max(1, len(values) // 2)]:
            literal = F.lit(value).cast(kind)
            yield f"{field.name} = {value!r}", column == literal
            yield f"{field.name} <= {value!r}", column <= literal
            yield f"{field.name} > {value!r}", column > literal


def filters(path, format):
    table = load(path, format)
    asked = list(conditions(table))
    found = [table.where(condition).count() for _, condition in asked]
    # One scan of all rows, for all of them.
    there = table.select(*[F.count(F.when(condition, 1)) for _, condition in asked]).collect()[0]
    pairs = zip(asked, found, there, strict=True)
    return [len(asked)] + [f"{text}: {a}, not {b}" for (text, _), a, b in pairs if a != b]


def answer(question):
    if "sql" in question:
        spark.sql(question["sql"]).collect()
        return None
    if "filters" in question:
        return filters(question.pop("filters"), **question)
    return rows(question.pop("rows"), **question)


for line in sys.stdin:
    try:
        told = {"answer": answer(json.loads(line))}
    except Exception as error:
        told = {"error": str(error)}
    print(json.dumps(told), file=answers, flush=True)
