import { expect, test } from "vitest";
import { DataflowError, reasonOf, within } from "./error.ts";

test("the words of an error are its message without its own code, and keep every other", () => {
  const error = new DataflowError("DF_OUTER", "It broke [DF_INNER]; see [DF_OUTER] in the docs.");
  expect(error.message).toBe("It broke [DF_INNER]; see [DF_OUTER] in the docs. [DF_OUTER]");
  expect(error.words).toBe("It broke [DF_INNER]; see [DF_OUTER] in the docs.");
});

test("an error told from further away keeps code, cause and whether to try again, and ends in one code", () => {
  const error = new DataflowError("DF_IO", "The disk is full.", { transient: true });
  const told = within('Sink "out"', error);
  expect(told).toBeInstanceOf(DataflowError);
  expect(told).toMatchObject({
    message: 'Sink "out": The disk is full. [DF_IO]',
    code: "DF_IO",
    cause: error,
    transient: true,
  });
});

test("what is none of our errors is not told again", () => {
  const thrown = new TypeError("x is undefined");
  expect(within('Node "a"', thrown)).toBe(thrown);
});

test("whatever was thrown has a text", () => {
  const texts = [new Error("no"), "no", null, undefined, Symbol("no"), Object.create(null)].map(reasonOf);
  expect(texts).toEqual(["no", "no", "null", "undefined", "Symbol(no)", "[Object: null prototype] {}"]);
});
