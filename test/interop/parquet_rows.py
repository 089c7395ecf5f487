"""Every row of the Parquet files of a directory, one line of JSON each, bytes as hex: parquet_rows.py PATH"""

import glob
import json
import sys

import pyarrow.parquet as pq

for path in sorted(glob.glob(sys.argv[1] + "/**/*.parquet", recursive=True)):
    for row in pq.ParquetFile(path).read().to_pylist():
        print(json.dumps({name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}))
