import { describe, expect, test } from "vitest";
import { decodeActions, encodeActions, logPath, storePath } from "./actions.ts";

function decoded(text: string): unknown {
  return decodeActions(Buffer.from(text), "1.json");
}

describe("a commit file", () => {
  test("is read as it was written", () => {
    const add = { path: "a", partitionValues: { p: null }, size: 1, modificationTime: 2, dataChange: true };
    const actions = [{ txn: { appId: "x", version: 3 } }, { add }];
    expect(decodeActions(encodeActions(actions), "1.json")).toEqual(actions);
  });

  test("may have nulls for what is absent, which partition values are not", () => {
    const line =
      '{"add":{"path":"a","partitionValues":{"p":null},"size":1,"stats":null,"deletionVector":null},"remove":null}';
    expect(decoded(`${line}\n\n`)).toEqual([{ add: { path: "a", partitionValues: { p: null }, size: 1 } }]);
  });

  test("keeps the text of statistics as it is", () => {
    const stats = String.raw`{\"maxValues\":{\"n\":9223372036854775807}}`;
    const [action] = decodeActions(Buffer.from(`{"add":{"path":"a","stats":"${stats}"}}`), "1.json");
    expect(action?.add?.stats).toBe('{"maxValues":{"n":9223372036854775807}}');
  });

  test.each(['{"add":', "[]", "7", '{"add":{"size":1}}'])("is refused with the line %j", (line) => {
    expect(() => decoded(`{"commitInfo":{}}\n${line}\n`)).toThrow(/Line 2 of "1\.json".*DF_DELTA_LOG/);
  });
});

describe("paths in the log", () => {
  test.each(["p=a%2Fb/x", "p=x y/z", "p=ü €/z", "a+b&c", "100%"])(
    "come back as they were written: %s",
    (path) => {
      expect(storePath(logPath(path))).toBe(path);
    },
  );

  test("with a lone percent sign are taken as they are", () => {
    expect(storePath("p=100%/x")).toBe("p=100%/x");
  });
});
