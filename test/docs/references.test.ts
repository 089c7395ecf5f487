import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../command.ts";
import { proseOf, read } from "./markdown.ts";

const documents = spawnSync("git", ["ls-files", "-co", "--exclude-standard", "*.md"], {
  cwd: root,
  encoding: "utf8",
})
  .stdout.split("\n")
  .filter((file) => file !== "" && !file.includes("/zz-probe-") && existsSync(join(root, file)));

/** Folders that documents name files from, besides their own. */
const BASES = ["", "packages", "packages/core/src", "packages/connectors/src"];

/** Where a file lies that a document names; undefined where it is not there. */
function placeOf(named: string, document: string): string | undefined {
  const places = [...BASES, dirname(document)].map((base) => join(base, named));
  return places.find((place) => existsSync(join(root, place)));
}

test("every link between documents leads somewhere", () => {
  const broken = documents.flatMap((document) =>
    [...proseOf(document).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, link = ""]) => link)
      .filter((link) => !/^https?:/.test(link) && !existsSync(join(root, dirname(document), link)))
      .map((link) => `${document}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test.each(["ARCHITECTURE.md", "CONTRIBUTING.md", ...documents.filter((file) => file.startsWith("docs/"))])(
  "every file that %s names is there",
  (document) => {
    const named = [...proseOf(document).matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|py|md|js|json))`/g)];
    const missing = named
      .map(([, file = ""]) => file)
      .filter((file) => placeOf(file, document) === undefined);
    expect(missing).toEqual([]);
  },
);

test("the list of decisions has every note, in order", () => {
  const notes = documents.filter((file) => /^docs\/decisions\/\d/.test(file)).toSorted();
  const listed = [...read("docs/decisions/README.md").matchAll(/^\d+\. \[.+\]\((.+)\)$/gm)];
  expect(listed.map(([, file = ""]) => `docs/decisions/${file}`)).toEqual(notes);
});

/** Tests that a document quotes: `file`: "title", or `file`, "title", with more titles of the file behind it. */
function quotedTests(document: string): { readonly file: string; readonly title: string }[] {
  const quotes = /`([\w./-]+\.test\.ts)`[:,] ("[^"\n]+"(?:(?:,| and) "[^"\n]+")*)/g;
  return [...proseOf(document).matchAll(quotes)].flatMap(([, file = "", titles = ""]) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => ({ file, title })),
  );
}

const quoting = documents.filter((document) => quotedTests(document).length > 0);

test("the invariants of ARCHITECTURE.md each have a test", () => {
  const invariants = proseOf("ARCHITECTURE.md")
    .split(/^(?=\*\*[IC]\d+ )/m)
    .slice(1);
  expect(invariants.map((text) => /^\*\*([IC]\d+) /.exec(text)?.[1])).toEqual([
    ...Array.from({ length: 12 }, (_, i) => `I${i + 1}`),
    ...Array.from({ length: 6 }, (_, i) => `C${i + 1}`),
  ]);
  for (const text of invariants) expect(text).toMatch(/\.test\.ts`: "/);
});

test.each(quoting)("every test that %s quotes has that title", (document) => {
  const wrong = quotedTests(document).filter(({ file, title }) => {
    const place = placeOf(file, document);
    return place === undefined || !read(place).includes(title);
  });
  expect(wrong).toEqual([]);
});
