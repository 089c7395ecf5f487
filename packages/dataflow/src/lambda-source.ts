/** The source text of a lambda as a tree. */
import { parse } from "acorn";
import type { AnyNode, ArrowFunctionExpression, FunctionDeclaration, FunctionExpression } from "acorn";

/** A function of a user, whatever it takes. */
export type Lambda = (...input: never[]) => unknown;
/** A function as a tree. */
export type Parsed = ArrowFunctionExpression | FunctionExpression;

/** The function as a tree: its text is that of an expression, or of a method. Undefined for text that is neither. */
export function parsedLambda(lambda: Lambda): Parsed | undefined {
  const text = Function.prototype.toString.call(lambda);
  const expression = statementOf(`(${text}\n)`);
  if (expression?.type === "ArrowFunctionExpression" || expression?.type === "FunctionExpression") {
    return expression;
  }
  const holder = statementOf(`({${text}\n})`);
  if (holder?.type !== "ObjectExpression" || holder.properties.length !== 1) return undefined;
  const [property] = holder.properties;
  if (property?.type !== "Property" || property.kind !== "init" || !property.method) return undefined;
  return property.value.type === "FunctionExpression" ? property.value : undefined;
}

function statementOf(text: string): AnyNode | undefined {
  try {
    const { body } = parse(text, { ecmaVersion: "latest", sourceType: "script" });
    const [statement] = body;
    return body.length === 1 && statement?.type === "ExpressionStatement" ? statement.expression : undefined;
  } catch {
    // Text that is no script (native code, private names, import.meta) has no known columns; that is an answer.
    return undefined;
  }
}

/** The nodes directly below, in the order of the text. */
export function childrenOf(node: AnyNode): AnyNode[] {
  return Object.values(node).flat().filter(isNode);
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** Whether a node is a function. */
export function isFunction(
  node: AnyNode,
): node is ArrowFunctionExpression | FunctionExpression | FunctionDeclaration {
  return (
    node.type === "ArrowFunctionExpression" ||
    node.type === "FunctionExpression" ||
    node.type === "FunctionDeclaration"
  );
}
