"""CPU time and memory of queries beside DuckDB's batch run over the same files, exactly once against not at all.

    .cache/readers/bin/python bench/nexmark/beside_duckdb.py INPUT_DIRECTORY [--rounds N] [--lake] [QUERY...]

Each round runs both sides in turn, and the order changes from round to round. CPU time is user and system time of
the whole process, less that of a run over empty files in the same round. Prints medians per query: CPU ns per event
of both, their ratio and its range over the rounds, peak RSS in MiB of both; the last answer is compared (check.py).

Both sides write CSV, or with --lake a Delta table here and a Parquet file there.
"""

import argparse
import glob
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BIDS = "(select * from events where type = 'bid')"
ANSWERS = {
    "q1": f"select auction, bidder, price * 908 // 1000, dateTime from {BIDS}",
    "q5": f"""select auction, unnested, count(*) from (
        select auction, unnest([t, t - 2000, t - 4000, t - 6000, t - 8000]) unnested
        from (select auction, dateTime // 2000 * 2000 t from {BIDS})) group by all""",
    "q7": f"select auction, dateTime // 10000 * 10000, max(price), count(*) from {BIDS} group by all",
    "q8": """select p.id, p.name, a.id, p.w
        from (select id, name, dateTime // 10000 * 10000 w from events where type = 'person') p
        join (select id, seller, dateTime // 10000 * 10000 w from events where type = 'auction') a
        on p.id = a.seller and p.w = a.w""",
    "q11": f"""select bidder, min(dateTime), max(dateTime), count(*) from (
        select bidder, dateTime,
            sum(starts) over (partition by bidder order by dateTime, eid rows unbounded preceding) nth
        from (select bidder, dateTime, eid, case when dateTime - lag(dateTime)
            over (partition by bidder order by dateTime, eid) > 10000 then 1 else 0 end starts from {BIDS}))
        group by bidder, nth""",
    "q17": f"""select auction, dateTime // 86400000, count(*), count(*) filter (price < 10000),
        count(*) filter (price >= 10000 and price < 1000000), count(*) filter (price >= 1000000),
        min(price), max(price), sum(price) from {BIDS} group by all""",
    "bronze": f"select type, eid, auction, bidder, price, channel, url, dateTime, extra from {BIDS}",
    "q18": f"""select bidder, auction, dateTime, eid, price from {BIDS}
        qualify row_number() over (partition by bidder, auction order by dateTime desc, eid desc) = 1""",
}
COLUMNS = (
    "type: 'VARCHAR', eid: 'BIGINT', dateTime: 'BIGINT', id: 'BIGINT', name: 'VARCHAR', seller: 'BIGINT',"
    " auction: 'BIGINT', bidder: 'BIGINT', price: 'BIGINT'"
)
BRONZE_COLUMNS = COLUMNS + ", channel: 'VARCHAR', url: 'VARCHAR', extra: 'VARCHAR'"


def duckdb(query: str, events: str, output: str, lake: bool) -> list[str]:
    columns = BRONZE_COLUMNS if query == "bronze" else COLUMNS
    files = f"read_json('{events}/part-*.jsonl', format = 'newline_delimited', columns = {{{columns}}})"
    target = "answer.parquet' (format parquet)" if lake else "answer.csv' (header false)"
    program = f"""
import duckdb
db = duckdb.connect()
db.execute("set threads = 2; set preserve_insertion_order = false")
db.execute(\"\"\"create view events as select * from {files}\"\"\")
db.execute(\"\"\"copy ({ANSWERS[query]}) to '{output}/{target}\"\"\")
"""
    return [sys.executable, "-c", program]


# See packages/cli/bin/mark-late.js.
AS_THE_COMMAND = ["--incremental-marking-soft-trigger=70", "--incremental-marking-hard-trigger=90"]


def dataflow(query: str, events: str, output: str, lake: bool) -> list[str]:
    return ["node", *AS_THE_COMMAND, os.path.join(HERE, "run.ts"), query, events, output, "--target", "delta" if lake else "csv"]


SIDES = {"duckdb": duckdb, "dataflow": dataflow}


# As the command does it: what was compiled at one start is kept for the next ones.
ENVIRONMENT = {**os.environ, "NODE_COMPILE_CACHE": tempfile.mkdtemp(prefix="compiled-")}


def run(side: str, query: str, events: str, output: str, lake: bool) -> tuple[float, int, str]:
    """CPU seconds, peak RSS in KiB, last line that was printed."""
    shutil.rmtree(output, ignore_errors=True)
    os.makedirs(output)
    with tempfile.TemporaryFile("w+") as said:
        command = SIDES[side](query, events, output, lake)
        child = subprocess.Popen(command, env=ENVIRONMENT, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().strip()
    if status != 0:
        raise SystemExit(f"{side} {query} ended with {child.returncode}: {text}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss, text.split("\n")[-1]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("events")
    parser.add_argument("queries", nargs="*", default=list(ANSWERS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lake", action="store_true")
    args = parser.parse_intermixed_args()
    scratch = tempfile.mkdtemp(prefix="beside-duckdb-")
    nothing = os.path.join(scratch, "nothing")
    os.makedirs(nothing)
    for file in glob.glob(os.path.join(args.events, "part-*.jsonl")):
        open(os.path.join(nothing, os.path.basename(file)), "w").close()
    for query in args.queries or list(ANSWERS):
        used: dict[str, list[float]] = {side: [] for side in SIDES}
        peak: dict[str, list[int]] = {side: [] for side in SIDES}
        events, said = 0, ""
        for turn in range(args.rounds):
            for side in list(SIDES)[:: 1 if turn % 2 == 0 else -1]:
                output = os.path.join(scratch, side)
                idle, _, _ = run(side, query, nothing, output, args.lake)
                busy, rss, last = run(side, query, args.events, output, args.lake)
                used[side].append(busy - idle)
                peak[side].append(rss)
                if side == "dataflow":
                    said, events = last, int(re.match(r"(\d+) events", last).group(1))
        ns = {side: statistics.median(all) / events * 1e9 for side, all in used.items()}
        ratios = [ours / theirs for ours, theirs in zip(used["dataflow"], used["duckdb"])]
        checked = subprocess.run(
            [sys.executable, os.path.join(HERE, "check.py"), query, args.events, os.path.join(scratch, "dataflow")],
            capture_output=True,
            text=True,
        )
        print(
            f"{query:4} ours {ns['dataflow']:6.0f} ns  duckdb {ns['duckdb']:6.0f} ns"
            f"  ratio {statistics.median(ratios):5.2f} ({min(ratios):.2f}–{max(ratios):.2f}, n={args.rounds})"
            f"  rss {statistics.median(peak['dataflow']) / 1024:5.0f} / {statistics.median(peak['duckdb']) / 1024:5.0f} MiB"
            f"  {said}; {checked.stdout.strip() or checked.stderr.strip()[-200:]}",
            flush=True,
        )
    shutil.rmtree(scratch)
    shutil.rmtree(ENVIRONMENT["NODE_COMPILE_CACHE"])


main()
