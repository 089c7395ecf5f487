/** One Spark for several questions: it takes as long to start as to read a hundred small tables. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { SPARK_JARS } from "../../scripts/spark.ts";
import { root } from "../command.ts";

type Format = "delta" | "parquet";
/** What it can be asked, see `spark_session.py`. */
interface Asked {
  readonly format: Format;
  readonly version?: number;
  /** Whether its reader of Parquet is the one that reads by columns. */
  readonly vectorized?: boolean;
}

/** A running Spark. */
export interface SparkSession {
  /** Every row as a line of canonical JSON. */
  rows(path: string, asked: Asked): Promise<readonly string[]>;
  /** Runs a statement. */
  sql(statement: string): Promise<void>;
  /** Counts rows by filters, with skipping and without: how many filters, and those that differ. */
  filters(path: string, format: Format): Promise<readonly [number, ...string[]]>;
  /** Ends it. */
  close(): Promise<void>;
}

/** Starts one. The first time it fetches its jars. */
export function sparkSession(python: string): SparkSession {
  const script = join(root, "test/interop/spark_session.py");
  const process = spawn(python, ["-B", script, SPARK_JARS], { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  process.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4000)));
  const answers = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  const ask = async (question: object): Promise<unknown> => {
    process.stdin.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await answers.next();
    if (done === true) throw new Error(`Spark has ended:\n${said}`);
    const told = JSON.parse(value) as { readonly answer: unknown } | { readonly error: string };
    if ("error" in told) throw new Error(`Spark: ${told.error}`);
    return told.answer;
  };
  return {
    rows: (path, asked) => ask({ rows: path, ...asked }) as Promise<string[]>,
    sql: async (sql) => void (await ask({ sql })),
    filters: (path, format) => ask({ filters: path, format }) as Promise<[number, ...string[]]>,
    close: async () => {
      const ended = new Promise((resolve) => process.once("close", resolve));
      process.stdin.end();
      await ended;
    },
  };
}
