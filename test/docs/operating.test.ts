import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dataflow, newFolder } from "../command.ts";
import { fencesOf, withoutEpochs } from "./markdown.ts";

const fences = fencesOf("docs/operating.md");
const programs = fences.filter(({ text }) => text.includes('pipeline("logins"')).map(({ text }) => text);
const [planned = "", done = ""] = fences
  .filter(({ language, text }) => language === "text" && text.startsWith("logins: "))
  .map(({ text }) => text);

test("the function that the page on operating writes brings the state over, as the plans beside it say", () => {
  const folder = newFolder("operating-page");
  const file = join(folder, "pipeline.ts");
  writeFileSync(
    join(folder, "logins.jsonl"),
    ["acme/ann 90", "acme/ann 30", "byte/bo 6"]
      .map((line, minute) => {
        const [user, seconds] = line.split(" ");
        return `${JSON.stringify({ user, seconds: Number(seconds), at: `2026-05-01T08:0${minute}:00Z` })}\n`;
      })
      .join(""),
  );
  const runs = (): void => expect(dataflow(folder, ["run", "pipeline.ts"]).code).toBe(0);
  const plan = (): string => dataflow(folder, ["plan", "pipeline.ts"]).stdout;
  expect(programs).toHaveLength(2);
  writeFileSync(file, programs[0] ?? "");
  runs();
  writeFileSync(file, programs[1] ?? "");
  expect(withoutEpochs(plan())).toBe(withoutEpochs(planned));
  runs();
  expect(withoutEpochs(plan())).toBe(withoutEpochs(done));
  const rows = readdirSync(join(folder, "by-tenant"))
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) =>
      readFileSync(join(folder, "by-tenant", name), "utf8")
        .trimEnd()
        .split("\n"),
    )
    .map((line) => JSON.parse(line) as { tenant: string; user: string; minutes: number });
  const lines = rows.map(({ tenant, user, minutes }) => `${tenant} ${user} ${minutes}`);
  expect(lines.toSorted()).toEqual(["acme ann 0.5", "byte bo 0.1"]);
});
