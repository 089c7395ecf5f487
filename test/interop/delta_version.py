"""Prints the newest version of a Delta table, as delta-rs sees it."""

import sys

from deltalake import DeltaTable

print(DeltaTable(sys.argv[1]).version())
