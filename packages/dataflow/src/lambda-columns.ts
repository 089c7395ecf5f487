/**
 * Which columns a lambda reads, found from its source text. The rule is conservative: the answer is a list only where
 * every mention of the row is a plain read of a known column; anything else means all columns.
 */
import type { AnyNode, Identifier, ObjectPattern, Pattern } from "acorn";
import { childrenOf, isFunction, parsedLambda, type Lambda, type Parsed } from "./lambda-source.ts";

/** Signals, within this file, that the columns cannot be told. */
const UNKNOWN = Symbol("all columns");

/**
 * The columns of its first parameter that a lambda reads, in the order of `columns`, or "all".
 *
 * A list only if every reference to the parameter is `o.c`, `o?.c` or `o["c"]` with c one of `columns`, not written to,
 * deleted or called, or a destructuring pattern without rest or computed keys. The name passed on, returned, spread or
 * declared again, a name that is no column, `arguments`, `eval`, rest parameters, generators, classes, native or
 * unparsable text: all columns. A nested function that takes the same name hides the row.
 */
export function lambdaColumns(lambda: Lambda, columns: readonly string[]): readonly string[] | "all" {
  const names = namesRead(lambda);
  if (names === "all" || ![...names].every((name) => columns.includes(name))) return "all";
  return columns.filter((name) => names.has(name));
}

/**
 * Names that a lambda reads of its row though no column is called so: a slip, where the types were not checked.
 * Only where every mention of the row is a plain read; what every object has (`toString`) is no slip.
 */
export function misreadNames(lambda: Lambda, columns: readonly string[]): readonly string[] {
  const names = namesRead(lambda);
  if (names === "all") return [];
  return [...names].filter((name) => !columns.includes(name) && !(name in Object.prototype));
}

/** What was found of functions that are asked about again: to parse one takes longer than all else a stream does. */
const namesOf = new WeakMap<Lambda, ReadonlySet<string> | "all">();

/** The names that are read of the first parameter, "all" where they cannot be told. */
function namesRead(lambda: Lambda): ReadonlySet<string> | "all" {
  const names = namesOf.get(lambda) ?? namesFound(lambda);
  namesOf.set(lambda, names);
  return names;
}

function namesFound(lambda: Lambda): ReadonlySet<string> | "all" {
  const parsed = parsedLambda(lambda);
  if (parsed === undefined || parsed.generator || parsed.async) return "all";
  const found = new Set<string>();
  const read = (name: string): void => {
    found.add(name);
  };
  try {
    refuseHiddenAccess(parsed);
    const [first] = parsed.params;
    if (first === undefined) return found;
    const pattern = first.type === "AssignmentPattern" ? first.left : first;
    if (pattern.type === "ObjectPattern") readPattern(pattern, read);
    else if (pattern.type === "Identifier") readReferences(parsed, pattern, read);
    else return "all";
  } catch (thrown) {
    if (thrown === UNKNOWN) return "all";
    throw thrown;
  }
  return found;
}

/** Ways to reach the row without naming it. */
function refuseHiddenAccess(node: AnyNode): void {
  if (node.type === "Identifier" && (node.name === "eval" || node.name === "arguments")) throw UNKNOWN;
  if (node.type === "Literal" && node.value === "arguments") throw UNKNOWN;
  for (const child of childrenOf(node)) refuseHiddenAccess(child);
}

function readPattern(pattern: ObjectPattern, read: (name: string) => void): void {
  for (const property of pattern.properties) {
    if (property.type === "RestElement" || property.computed) throw UNKNOWN;
    if (property.key.type === "Identifier") read(property.key.name);
    else if (property.key.type === "Literal" && typeof property.key.value === "string")
      read(property.key.value);
    else throw UNKNOWN;
  }
}

/** Visits every mention of the name, except the parameter itself and functions that take the name for themselves. */
function readReferences(root: Parsed, parameter: Identifier, read: (name: string) => void): void {
  const { name } = parameter;
  const visit = (node: AnyNode, parent?: AnyNode, around?: AnyNode, outer?: AnyNode): void => {
    if (node === parameter || (parent !== undefined && isLabel(node, parent))) return;
    if (node !== root && isFunction(node) && node.params.some((param) => binds(param, name))) return;
    if (node.type === "Identifier" && node.name === name) readMention(node, parent, around, outer, read);
    for (const child of childrenOf(node)) visit(child, node, parent, around);
  };
  visit(root);
}

/** Whether an identifier is only a name in its place: a property, a key, a label. */
function isLabel(node: AnyNode, parent: AnyNode): boolean {
  if ("computed" in parent && parent.computed) return false;
  if (parent.type === "MemberExpression") return parent.property === node;
  if ("key" in parent) return parent.key === node;
  return ("label" in parent && parent.label === node) || parent.type === "MetaProperty";
}

/** One mention of the row: it is a read of a column, or nothing is known. */
function readMention(
  node: Identifier,
  parent: AnyNode | undefined,
  around: AnyNode | undefined,
  outer: AnyNode | undefined,
  read: (name: string) => void,
): void {
  if (parent?.type === "VariableDeclarator" && parent.init === node && parent.id.type === "ObjectPattern") {
    readPattern(parent.id, read);
    return;
  }
  if (parent?.type !== "MemberExpression" || parent.object !== node) throw UNKNOWN;
  const [value, place] = around?.type === "ChainExpression" ? [around, outer] : [parent, around];
  if (isWritten(value, place, outer)) throw UNKNOWN;
  const { property } = parent;
  if (!parent.computed && property.type === "Identifier") read(property.name);
  else if (parent.computed && property.type === "Literal" && typeof property.value === "string")
    read(property.value);
  else throw UNKNOWN;
}

/** Whether a member is written to, deleted or called: a call would hand the row on as `this`. */
function isWritten(member: AnyNode, around: AnyNode | undefined, outer: AnyNode | undefined): boolean {
  if (around === undefined) return false;
  // Assignments, patterns with a default, and loops have their target on the left.
  if ("left" in around && around.type !== "BinaryExpression" && around.type !== "LogicalExpression") {
    return around.left === member;
  }
  if ("callee" in around) return around.callee === member;
  if (around.type === "UnaryExpression") return around.operator === "delete";
  if (around.type === "Property") return around.value === member && outer?.type === "ObjectPattern";
  return WRITING.has(around.type);
}

/** Nodes whose direct members are targets, or called. */
const WRITING: ReadonlySet<string> = new Set([
  "UpdateExpression",
  "ArrayPattern",
  "RestElement",
  "TaggedTemplateExpression",
]);

function binds(pattern: Pattern, name: string): boolean {
  switch (pattern.type) {
    case "Identifier":
      return pattern.name === name;
    case "ObjectPattern":
      return pattern.properties.some((property) =>
        binds(property.type === "RestElement" ? property.argument : property.value, name),
      );
    case "ArrayPattern":
      return pattern.elements.some((element) => element !== null && binds(element, name));
    case "AssignmentPattern":
      return binds(pattern.left, name);
    case "RestElement":
      return binds(pattern.argument, name);
    case "MemberExpression":
      return false;
  }
}
