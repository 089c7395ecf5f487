/** Spark with the Delta Lake of its makers, for tests that may take minutes: half a gigabyte, and slow to start. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { folderPython, type FolderPython } from "./python-folder.ts";
import type { Reader } from "./readers.ts";

const folder = fileURLToPath(new URL("../.cache/spark", import.meta.url));
/** Where Spark keeps the jars of Delta Lake, which it fetches. */
export const SPARK_JARS: string = `${folder}/jars`;
/** Delta Lake is made for one Spark: `delta-spark_4.2_2.13`. */
const REQUIREMENTS = ["delta-spark==4.4.0", "pyspark==4.2.0"];
const JAVA_MIN = 17;

/** The Python that has Spark, or why there is none. Installs it the first time. */
export function sparkPython(): FolderPython {
  const home = process.env["JAVA_HOME"];
  const java = home === undefined || home === "" ? "java" : `${home}/bin/java`;
  const { error, stderr } = spawnSync(java, ["-version"], { encoding: "utf8" });
  if (error !== undefined) return { missing: "no Java on this machine" };
  const version = Number(/version "(\d+)/.exec(stderr)?.[1]);
  if (!(version >= JAVA_MIN)) return { missing: `Java ${JAVA_MIN} or newer is needed, ${java} is another` };
  return folderPython(folder, REQUIREMENTS);
}

/** Its version, or why it is missing. */
export function sparkReader(): Reader {
  const found = sparkPython();
  const name = "spark";
  return "missing" in found
    ? { name, ...found }
    : { name, version: REQUIREMENTS.join(" ").replaceAll("==", " ") };
}
