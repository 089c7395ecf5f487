"""Sets a Delta table back to an older version with delta-rs, as its owner may: delta_restore.py PATH VERSION"""

import sys

from deltalake import DeltaTable

path, version = sys.argv[1:]
DeltaTable(path).restore(int(version))
print(DeltaTable(path).version())
