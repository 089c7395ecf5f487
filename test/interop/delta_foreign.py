"""Changes a Delta table with delta-rs, as its owner may:

    delta_foreign.py PATH compact
    delta_foreign.py PATH delete "user = 'a'"
    delta_foreign.py PATH update "amount = -1" "user = 'a'"
    delta_foreign.py PATH checkpoint
    delta_foreign.py PATH clean               forgets all of the log that the newest checkpoint makes unnecessary
    delta_foreign.py PATH vacuum              at once all that the log has removed
    delta_foreign.py PATH vacuum full         and all that the log does not name
    delta_foreign.py PATH restore 3

Prints the newest version afterwards.
"""

import glob
import os
import sys

from deltalake import DeltaTable

path, action, *given = sys.argv[1:]
table = DeltaTable(path)
if action == "compact":
    table.optimize.compact()
elif action == "delete":
    table.delete(given[0])
elif action == "update":
    assignment, predicate = given
    column, value = assignment.split(" = ")
    table.update({column: value}, predicate=predicate)
elif action == "clean":
    newest = max(glob.glob(glob.escape(path) + "/_delta_log/*.checkpoint.parquet"))
    for commit in glob.glob(glob.escape(path) + "/_delta_log/*.json"):
        if commit < newest:
            os.remove(commit)
elif action == "checkpoint":
    table.create_checkpoint()
elif action == "vacuum":
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=given == ["full"])
elif action == "restore":
    table.restore(int(given[0]))
else:
    raise SystemExit(f"there is no action {action}")
print(DeltaTable(path).version())
