import { createHmac } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dataflow, newFolder, type Ended } from "../command.ts";
import { filesBelow } from "./tables.ts";

/** What must be nowhere. With signs that JSON, URLs and code write otherwise. */
const CANARY = 'can"ary\\sings/at dawn';
const FORMS = [
  CANARY,
  JSON.stringify(CANARY).slice(1, -1),
  encodeURIComponent(CANARY),
  Buffer.from(CANARY).toString("base64"),
];
const outside = newFolder("secret");
writeFileSync(join(outside, "salt"), `${CANARY}\n`, { mode: 0o600 });
const ENV = { SALT: CANARY, DATAFLOW_LOG: "trace" };

/** A pipeline with the secret `salt`; `step` is put behind its source, `last` at its end. */
function pipelineFile(step: string, last = ""): string {
  return `import { createHmac } from "node:crypto";
import { pipeline, secret, t } from "dataflow";
import { delta } from "dataflow/delta";
import { files, filesSink, jsonLines } from "dataflow/files";
import { json } from "dataflow/json";
const lines = files({ path: "./users.jsonl", decode: json(t.row({ user: t.string() })) });
const refused = filesSink({ path: "./refused", format: jsonLines() });
export default pipeline("users", { params: t.row({ note: t.string().nullable() }), secrets: ["salt"] }, (p, { salt, note }) => {
  const key = salt.reveal();
  const hashed = (text: string): string => createHmac("sha256", key).update(text).digest("hex");
  const users = p.from("users", lines${step.includes("onInvalid") ? ", { onInvalid: refused }" : ""})
    ${step};
  users.to("out", filesSink({ path: "./out", format: jsonLines() }));
  ${last}
});
`;
}

const HASHED = `.map({ user: t.string() }, ({ user }) => ({ user: hashed(user) }))`;

interface Case {
  readonly file?: string;
  readonly config?: string;
  readonly given?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs it in a new folder; also asks for the configuration and the status, and looks for the canary everywhere. */
function run({
  file = pipelineFile(HASHED),
  config,
  given = [],
  env = {},
}: Case): Ended & { folder: string } {
  const folder = newFolder("canary");
  writeFileSync(join(folder, "users.jsonl"), '{"user":"ann"}\n{"user":"bob"}\n');
  writeFileSync(join(folder, "pipeline.ts"), file);
  if (config !== undefined) {
    const text = `import { defineConfig, secret } from "dataflow";\nexport default defineConfig(${config});\n`;
    writeFileSync(join(folder, "dataflow.config.ts"), text);
  }
  const written = new Set(filesBelow(folder));
  const all = { ...ENV, ...env };
  const ran = dataflow(folder, ["run", "pipeline.ts", ...given], all);
  const others = [
    dataflow(folder, ["config", "pipeline.ts", "--origin", ...given], all),
    dataflow(folder, ["status", "--json"], all),
  ];
  const kept = filesBelow(folder).filter((path) => !written.has(path));
  const texts = [
    ...[ran, ...others].flatMap(({ stdout, stderr }) => [stdout, stderr]),
    ...kept.map((path) => `${path}\n${readFileSync(path, "latin1")}`),
  ];
  const showing = texts.filter((text) => FORMS.some((form) => text.includes(form)));
  expect(showing).toEqual([]);
  return { ...ran, folder };
}

describe("the value of a secret is in no output, file or state, and the run uses it, when it is given", () => {
  test.each<[string, Case]>([
    ["on the command line, in the environment", { given: ["--param", "salt=env:SALT"] }],
    ["on the command line, in a file", { given: ["--param", `salt=file:${outside}/salt`] }],
    ["by a variable", { env: { DATAFLOW_PARAM_SALT: "env:SALT" } }],
    ["in the configuration", { config: '{ params: { salt: secret("env:SALT") } }' }],
    [
      "in a profile",
      { config: '{ profiles: { prod: { params: { salt: "env:SALT" } } } }', given: ["--profile", "prod"] },
    ],
    [
      "in the pipeline's file",
      {
        file: pipelineFile(HASHED)
          .replace(', secrets: ["salt"]', "")
          .replace("{ salt, note }", "{ note }")
          .replace("const key", 'const salt = secret("env:SALT");\n  const key'),
      },
    ],
  ])("%s", (_where, given) => {
    const { code, stdout, stderr, folder } = run(given);
    expect({ code, stderr: stderr.replaceAll(/^\{"level".*\n/gm, "") }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^users: the input has ended/);
    const [shown = ""] = filesBelow(join(folder, "out")).filter((path) => path.includes("data-"));
    const hashes = ["ann", "bob"].map((user) => createHmac("sha256", CANARY).update(user).digest("hex"));
    const rows = readFileSync(shown, "utf8").trimEnd().split("\n");
    expect(rows.toSorted()).toEqual(hashes.map((user) => JSON.stringify({ user })).toSorted());
  });
});

describe("the value of a secret is in no error, log, report, quarantine or state when", () => {
  const given = ["--param", "salt=env:SALT"];
  const THROWS = `.map({ user: t.string() }, () => { throw new Error("no " + salt.reveal()); })`;
  test.each<[string, Case, number, RegExp]>([
    [
      "a lambda throws it",
      { file: pipelineFile(THROWS), given },
      1,
      /refused a row .*: no secret\(env:SALT\)\. .*\[DF_REJECTED\]/,
    ],
    [
      "the pipeline's function throws it",
      { file: pipelineFile(HASHED, "throw new TypeError(JSON.stringify({ salt: salt.reveal() }));"), given },
      2,
      /TypeError: \{"salt":"secret\(env:SALT\)"\}/,
    ],
    [
      "it is thrown where nobody waits",
      { file: pipelineFile(HASHED, "void Promise.reject(new Error(key));"), given },
      1,
      /^Error: secret\(env:SALT\)\n    at .*pipeline\.ts/m,
    ],
    [
      "it is a cause",
      {
        file: pipelineFile(
          `.map({ user: t.string() }, () => { throw new Error("no", { cause: encodeURIComponent(salt.reveal()) }); })`,
        ),
        given,
      },
      1,
      /\[DF_REJECTED\]/,
    ],
    [
      "it is in the options of a sink",
      {
        file: pipelineFile(HASHED, 'users.to("kept", delta({ path: "./" + salt.reveal() }));'),
        given,
      },
      2,
      /options or columns of "kept" hold the value of secret\(env:SALT\), and the state would keep it.*\[DF_SECRET_KEPT\]/,
    ],
    [
      "it is an id",
      { file: pipelineFile(HASHED, 'users.to(salt.reveal(), delta({ path: "./x" }));'), given },
      2,
      /to\(\) needs a name of .*, not "secret\(env:SALT\)".*\[DF_ID\]/,
    ],
    [
      "it is given by value on the command line",
      { given: ["--param", `salt=${CANARY}`] },
      2,
      /Parameter "salt" \(secret\) from --param is given by value\. Give a reference, env:NAME.*\[DF_PARAM\]/,
    ],
    [
      "it is given by value in a variable",
      { env: { DATAFLOW_PARAM_SALT: CANARY } },
      2,
      /"salt" \(secret\) from DATAFLOW_PARAM_SALT is given by value\./,
    ],
    [
      "it is given by value in the configuration",
      { config: `{ params: { salt: process.env["SALT"] ?? "" } }` },
      2,
      /"salt" \(secret\) from dataflow\.config\.ts is given by value\./,
    ],
    [
      "it is taken for a reference",
      { config: `{ params: { salt: secret((process.env["SALT"] ?? "") as "env:") } }` },
      2,
      /A secret is given by reference, "env:NAME" or "file:PATH", never by its value\. \[DF_SECRET\]/,
    ],
    [
      "it is given to a parameter that is none",
      { given, config: '{ params: { note: secret("env:SALT") } }' },
      2,
      /"note" \(string\) from dataflow\.config\.ts is secret\(env:SALT\), but the pipeline reads it as a value\./,
    ],
    [
      "the reference leads nowhere",
      { given: ["--param", `salt=file:${outside}/pepper`] },
      2,
      /pepper, which secret\(file:.*pepper\) refers to, cannot be read: ENOENT.*\[DF_SECRET\]/,
    ],
  ])("%s", (_when, what, exit, says) => {
    const { code, stderr } = run(what);
    expect(stderr).toMatch(says);
    expect(code).toBe(exit);
  });

  test("a quarantined row's reason has it", () => {
    const step = `.map({ user: t.string() }, ({ user }) => { if (user === "bob") throw new Error(salt.reveal()); return { user }; }) /* onInvalid */`;
    const { code, folder } = run({ file: pipelineFile(step), given });
    expect(code).toBe(0);
    const [refused = ""] = filesBelow(join(folder, "refused")).filter((path) => path.includes("data-"));
    expect(JSON.parse(readFileSync(refused, "utf8"))).toMatchObject({ reason: "secret(env:SALT)" });
  });
});
