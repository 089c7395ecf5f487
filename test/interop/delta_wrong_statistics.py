"""Makes the statistics of a Delta table wrong, one kind in one column at a time, and sees whether the check of
delta_reader.py --prune finds it: delta_wrong_statistics.py PATH

Kinds: `minimum` (raised to the maximum of its file), `maximum` (lowered to the minimum), `nulls` (none, where there are
some). Prints `column kind found` or `column kind missed` for each that files have. The table is left as it was.
"""

import glob
import json
import sys

from delta_reader import prune


def spoil(stats, column, kind):
    """Whether there was something to make wrong."""
    least, most, nulls = (stats[name] for name in ("minValues", "maxValues", "nullCount"))
    if kind == "nulls":
        was, nulls[column] = nulls.get(column, 0), 0
        return was > 0
    if column not in least or column not in most or least[column] == most[column]:
        return False
    if kind == "minimum":
        least[column] = most[column]
    else:
        most[column] = least[column]
    return True


def spoiled(commit, column, kind):
    """The text of a commit with wrong statistics; the same text when nothing could be made wrong."""
    actions = [json.loads(line) for line in commit.splitlines()]
    is_wrong = False
    for add in (action["add"] for action in actions if "add" in action):
        stats = json.loads(add["stats"])
        is_wrong |= spoil(stats, column, kind)
        add["stats"] = json.dumps(stats)
    return "".join(json.dumps(action) + "\n" for action in actions) if is_wrong else commit


def is_found(path, column):
    try:
        prune(path, None, column)
    except SystemExit:
        return True
    return False


def write(commits):
    for name, commit in commits.items():
        with open(name, "w", encoding="utf-8") as file:
            file.write(commit)


def main(path):
    commits = {}
    for name in glob.glob(glob.escape(path) + "/_delta_log/*.json"):
        with open(name, encoding="utf-8") as file:
            commits[name] = file.read()
    actions = [json.loads(line) for commit in commits.values() for line in commit.splitlines()]
    statistics = [json.loads(action["add"]["stats"]) for action in actions if "add" in action]
    columns = {column for stats in statistics for column in stats["nullCount"]}
    for column in sorted(columns):
        for kind in ("minimum", "maximum", "nulls"):
            wrong = {name: spoiled(commit, column, kind) for name, commit in commits.items()}
            if wrong == commits:
                continue
            write(wrong)
            print(column, kind, "found" if is_found(path, column) else "missed")
    write(commits)


if __name__ == "__main__":
    main(sys.argv[1])
