"""Computes the content hash of a Delta table from the rows as delta-rs reads them: content_hash.py PATH

Prints two lines: the hash of the rows, and the one in the newest marker of the log. They are equal when another engine
can tell from the rows alone whether it shows what the marker promises.

A row's bytes are canonical (see packages/core/src/batch/canonical.ts): per column in the table's order 00 for null,
else 01 and the value. Its hash is MurmurHash3_x86_128 with seed 0, h1 the lowest word; the table's hash is the sum of
them modulo 2^128.
"""

import datetime
import glob
import json
import math
import struct
import sys

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MASK = 0xFFFFFFFF


def number(value, kind):
    """The 64-bit integer of a value that is one."""
    if pa.types.is_timestamp(kind):
        return (value - EPOCH) // datetime.timedelta(microseconds=1)
    if pa.types.is_date(kind):
        return (value - EPOCH.date()).days
    if pa.types.is_decimal(kind):
        return int(value.scaleb(kind.scale))
    return value


def encoded(value, kind):
    if value is None:
        return b"\x00"
    if pa.types.is_boolean(kind):
        return b"\x01\x01" if value else b"\x01\x00"
    if pa.types.is_floating(kind):
        # Python keeps the sign of NaN, the hash has one NaN; adding 0 makes -0 to 0.
        bits = 0x7FF8000000000000 if math.isnan(value) else struct.unpack(">Q", struct.pack(">d", value + 0.0))[0]
        flipped = bits ^ 0xFFFFFFFFFFFFFFFF if bits >> 63 else bits ^ (1 << 63)
        return b"\x01" + struct.pack(">Q", flipped)
    if isinstance(value, (str, bytes)):
        raw = value.encode() if isinstance(value, str) else value
        return b"\x01" + raw.replace(b"\x00", b"\x00\xff") + b"\x00\x00"
    return b"\x01" + struct.pack(">Q", (number(value, kind) & (1 << 64) - 1) ^ 1 << 63)


def rotated(value, bits):
    return (value << bits | value >> (32 - bits)) & MASK


def avalanched(h):
    h = (h ^ h >> 16) * 0x85EBCA6B & MASK
    h = (h ^ h >> 13) * 0xC2B2AE35 & MASK
    return h ^ h >> 16


CONSTANTS = (0x239B961B, 0xAB0E9789, 0x38B34AE5, 0xA1E38B93)
# Of each lane: how far its word turns, how far it turns itself, and what is added.
LANES = ((15, 19, 0x561CCD1B), (16, 17, 0x0BCAA747), (17, 15, 0x96CD1C35), (18, 13, 0x32AC3B17))


def murmur3_x86_128(data):
    """MurmurHash3_x86_128 of Austin Appleby with seed 0, as four words."""
    h = [0, 0, 0, 0]

    def mixed(word, lane):
        return rotated(word * CONSTANTS[lane] & MASK, LANES[lane][0]) * CONSTANTS[(lane + 1) % 4] & MASK

    whole = len(data) // 16 * 16
    for at in range(0, whole, 16):
        for lane, word in enumerate(struct.unpack_from("<4I", data, at)):
            h[lane] ^= mixed(word, lane)
            h[lane] = ((rotated(h[lane], LANES[lane][1]) + h[(lane + 1) % 4]) * 5 + LANES[lane][2]) & MASK
    for lane, word in enumerate(struct.unpack("<4I", data[whole:].ljust(16, b"\x00"))):
        h[lane] ^= mixed(word, lane) ^ len(data)
    for step in (lambda x: x, avalanched):
        h = [step(x) for x in h]
        h[0] = sum(h) & MASK
        h[1:] = [(x + h[0]) & MASK for x in h[1:]]
    return h


def content_hash(table):
    fields = pa.schema(table.schema())
    rows = pa.table(QueryBuilder().register("t", table).execute("select * from t").read_all())
    columns = [rows.column(field.name).to_pylist() for field in fields]
    total = 0
    for values in zip(*columns, strict=True):
        words = murmur3_x86_128(b"".join(encoded(v, field.type) for v, field in zip(values, fields, strict=True)))
        total += sum(word << 32 * i for i, word in enumerate(words))
    return format(total % (1 << 128), "032x")


def newest_marker(path):
    for log in sorted(glob.glob(glob.escape(path) + "/_delta_log/*.json"), reverse=True):
        with open(log, encoding="utf-8") as commit:
            for line in commit:
                marker = json.loads(line).get("commitInfo", {}).get("dataflow")
                if marker is not None:
                    return marker
    raise SystemExit("no commit in the log has a marker")


# What other implementations give.
FOX = murmur3_x86_128(b"The quick brown fox jumps over the lazy dog")
assert FOX == [0x2F1583C3, 0xECEE2C67, 0x5D7BF66C, 0xE5E91D2C], FOX

if __name__ == "__main__":
    print(content_hash(DeltaTable(sys.argv[1])))
    print(newest_marker(sys.argv[1])["contentHash"])
