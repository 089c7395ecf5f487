"""CPU time of pyarrow for a Parquet file that is read first: pyarrow_encode.py FILE PASSES ROW_GROUP_ROWS

Prints, as JSON: seconds of CPU of the first pass and of each further one, and the bytes of the file.
"""

import json
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq

path, passes, row_group_rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
table = pq.read_table(path).combine_chunks()


def write():
    out = pa.BufferOutputStream()
    pq.write_table(table, out, compression="snappy", row_group_size=row_group_rows)
    return out.getvalue().size


started = time.process_time()
size = write()
first = time.process_time()
for _ in range(passes - 1):
    write()
print(json.dumps([first - started, (time.process_time() - first) / (passes - 1), size]))
