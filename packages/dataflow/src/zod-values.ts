import type { $ZodType } from "zod/v4/core";

const MICROS = 1000;

/** The value of a cell as zod has it: absent where a field may be, a moment as a Date or in ISO 8601. */
export function zodValue(schema: $ZodType): (cell: unknown) => unknown {
  const { type, format, innerType } = schema._zod.def as unknown as {
    readonly type: string;
    readonly format?: string;
    readonly innerType?: $ZodType;
  };
  if ((type === "optional" || type === "nullable") && innerType !== undefined) {
    const inner = zodValue(innerType);
    const empty = takesNull(schema) ? null : undefined;
    return (cell) => (cell === null ? empty : inner(cell));
  }
  if (type === "date") return (cell) => new Date(cell as number);
  if (type === "string" && format === "datetime") return (cell) => isoText(cell as number);
  return (cell) => cell;
}

function takesNull(schema: $ZodType): boolean {
  const { type, innerType } = schema._zod.def as unknown as {
    readonly type: string;
    readonly innerType?: $ZodType;
  };
  return type === "nullable" || (type === "optional" && innerType !== undefined && takesNull(innerType));
}

/** Milliseconds, with microseconds as a fraction, in UTC: with as many decimals as it takes, at least three. */
function isoText(millis: number): string {
  const micros = Math.round(millis * MICROS);
  const rest = ((micros % MICROS) + MICROS) % MICROS;
  const text = new Date((micros - rest) / MICROS).toISOString();
  return rest === 0 ? text : text.replace("Z", `${String(rest).padStart(3, "0")}Z`);
}
