import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { DataflowError } from "../error.ts";
import { isSecret, secret, storedSecret } from "./secret.ts";

const folder = mkdtempSync(join(tmpdir(), "dataflow-secret-"));
afterEach(() => vi.unstubAllEnvs());

function file(name: string, text: string | Uint8Array, mode = 0o600): `file:${string}` {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), mode);
  return `file:${join(folder, name)}`;
}

describe("a secret", () => {
  test("shows its reference wherever it is shown, and has no value to show", () => {
    vi.stubEnv("TOKEN", "the value of it");
    const token = secret("env:TOKEN");
    token.reveal();
    expect(String(token)).toBe("secret(env:TOKEN)");
    expect(`${token.toString()}`).toBe("secret(env:TOKEN)");
    expect(JSON.stringify({ token })).toBe('{"token":"secret(env:TOKEN)"}');
    expect(inspect({ token })).toBe("{ token: secret(env:TOKEN) }");
    expect(Object.values(token).join(" ")).not.toContain("the value of it");
    expect(isSecret(token)).toBe(true);
  });

  test("is found again from the JSON that options carry, with the value of that moment", () => {
    vi.stubEnv("TOKEN", "first value");
    const stored = JSON.parse(JSON.stringify(secret("env:TOKEN"))) as string;
    expect(storedSecret(stored).reveal()).toBe("first value");
    vi.stubEnv("TOKEN", "second value");
    expect(storedSecret(stored).reveal()).toBe("second value");
    expect(() => storedSecret("second value")).toThrow("DF_SECRET");
  });

  test("of a file is its text without the last line end, and paths start in the directory that is given", () => {
    expect(secret(file("lf", "one two\n")).reveal()).toBe("one two");
    expect(secret(file("crlf", "one two\r\n")).reveal()).toBe("one two");
    expect(secret(file("lines", "one\ntwo \n\n")).reveal()).toBe("one\ntwo \n");
    expect(secret("file:./lf").reveal(folder)).toBe("one two");
  });

  test("of the environment is kept as it is", () => {
    vi.stubEnv("TOKEN", " four \n");
    expect(secret("env:TOKEN").reveal()).toBe(" four \n");
  });

  test.each<[string, () => unknown, RegExp]>([
    ["is no reference", () => secret("hunter22" as never), /^A secret is given by reference, "env:NAME"/],
    [
      "names a variable that is not set",
      () => secret("env:NO_SUCH").reveal(),
      /^There is no variable NO_SUCH in the environment, which secret\(env:NO_SUCH\) refers to\. Set it/,
    ],
    [
      "names a file that is not there",
      () => secret("file:./nowhere").reveal(folder),
      /^The file .*nowhere, which secret\(file:\.\/nowhere\) refers to, cannot be read: ENOENT/,
    ],
    [
      "names a directory",
      () => {
        mkdirSync(join(folder, "dir"), { recursive: true });
        return secret("file:./dir").reveal(folder);
      },
      /dir, which .* cannot be read: EISDIR/,
    ],
    ["names an empty file", () => secret(file("empty", "\n")).reveal(), /empty\) is empty/],
    ["is too short to be kept out", () => secret(file("short", "abc")).reveal(), /shorter than 4 characters/],
    [
      "names a file that is too large",
      () => secret(file("large", "x".repeat(70_000))).reveal(),
      /has 70000 bytes; a secret has at most 65536/,
    ],
    [
      "names a file that is no text",
      () => secret(file("binary", Uint8Array.of(0xff, 0xfe, 1, 2))).reveal(),
      /cannot be read: it is no UTF-8/,
    ],
  ])("that %s is refused", (_what, reveal, says) => {
    expect(reveal).toThrow(says);
    expect(reveal).toThrow("[DF_SECRET]");
    expect(reveal).not.toThrow("hunter22");
  });

  test.skipIf(process.platform === "win32")("in a file that everybody can read warns, once", () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    secret(file("private", "four", 0o640)).reveal();
    expect(warn).not.toHaveBeenCalled();
    const open = secret(file("open", "four", 0o644));
    open.reveal();
    open.reveal();
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(/open of secret\(file:.*open\) can be read by every user.*chmod o-rwx/),
        expect.anything(),
      ],
    ]);
    warn.mockRestore();
  });
});

describe("a revealed value is kept out of errors:", () => {
  const value = 'pa"ss\\wörd/1';
  const reveal = (): void => {
    vi.stubEnv("PASSWORD", value);
    secret("env:PASSWORD").reveal();
  };

  test("plain, in JSON, in a URL and in base64", () => {
    reveal();
    const shown = [
      value,
      JSON.stringify({ value }),
      `postgres://me:${encodeURIComponent(value)}@host`,
      `https://host/?${new URLSearchParams({ key: value }).toString()}`,
      Buffer.from(value).toString("base64"),
    ];
    for (const text of shown) {
      const { message } = new DataflowError("DF_TEST", `It is ${text}.`);
      expect(message).toContain("secret(env:PASSWORD)");
      expect(message).not.toMatch(/pa.{0,4}ss|cGEic3M/);
    }
  });

  test("a line of a longer one", () => {
    const key = "-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG9w0\n-----END KEY-----\n";
    vi.stubEnv("KEY", key);
    secret("env:KEY").reveal();
    const { message } = new DataflowError("DF_TEST", "bad line 2: MIIBVgIBADANBgkqhkiG9w0");
    expect(message).toBe("bad line 2: secret(env:KEY) [DF_TEST]");
  });

  test("also in the cause and its stack, and a cause that shows none is left as it is", () => {
    reveal();
    const cause = Object.assign(new TypeError(`no ${value}`), { config: { password: value } });
    const error = new DataflowError("DF_TEST", "No.", { cause });
    expect(inspect(error)).toMatch(/\[cause\]: .*TypeError.*: no secret\(env:PASSWORD\)/);
    expect(inspect(error)).not.toContain("wörd");
    const harmless = new TypeError("no");
    expect(new DataflowError("DF_TEST", "No.", { cause: harmless }).cause).toBe(harmless);
  });
});
