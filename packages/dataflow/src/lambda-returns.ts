/** Which columns the rows have that a lambda returns, found from its source text: a list only where it is certain. */
import type { AnyNode, Expression } from "acorn";
import { childrenOf, isFunction, parsedLambda, type Lambda } from "./lambda-source.ts";

/**
 * The names of all columns that a row which a lambda returns may have, or "any". A list only if whatever it returns is
 * written there as an object with plain keys: `({ id, cents: o.cents * 2 })`, `return { … }`, or a choice of such.
 * Spread, computed keys, accessors, `__proto__`, generators, async functions and unparsable text: any.
 */
export function lambdaReturns(lambda: Lambda): readonly string[] | "any" {
  const parsed = parsedLambda(lambda);
  if (parsed === undefined || parsed.generator || parsed.async) return "any";
  const names = new Set<string>();
  const returned = parsed.body.type === "BlockStatement" ? returnsIn(parsed.body) : [parsed.body];
  return returned.every((value) => addNames(value, names)) ? [...names] : "any";
}

/** What the statements below return, without those of functions inside. */
function returnsIn(node: AnyNode): (Expression | undefined)[] {
  if (node.type === "ReturnStatement") return [node.argument ?? undefined];
  return childrenOf(node).flatMap((child) => (isFunction(child) ? [] : returnsIn(child)));
}

/** Adds the keys of the objects that a value may be; false where they are not certain. */
function addNames(value: Expression | undefined, names: Set<string>): boolean {
  // Nothing is returned: no row.
  if (value === undefined) return true;
  if (value.type === "ConditionalExpression") {
    return addNames(value.consequent, names) && addNames(value.alternate, names);
  }
  if (value.type !== "ObjectExpression") return false;
  return value.properties.every((property) => {
    if (property.type === "SpreadElement" || property.computed || property.kind !== "init") return false;
    const { key } = property;
    const name = key.type === "Identifier" ? key.name : key.type === "Literal" ? key.value : undefined;
    // A number may be written in other ways than its column is called.
    if (typeof name !== "string" || name === "__proto__") return false;
    names.add(name);
    return true;
  });
}
