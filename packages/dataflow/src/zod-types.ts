/** The columns of a zod object, as types: what from-zod.ts makes of it at run time. */
import type { DateString, Timestamp, Type } from "@df/core";
import type { $ZodObject, $ZodShape, $ZodType } from "zod/v4/core";
import type { Listed, Refused } from "./refusals.ts";

type DefOf<Z extends $ZodType> = Z["_zod"]["def"];

/** A type that may be null or absent. */
type Nullable<T> =
  T extends Type<infer Read, infer Write, infer Optional> ? Type<Read | null, Write | null, Optional> : never;
type Optional<T> =
  T extends Type<infer Read, infer Write, boolean>
    ? Type<Read | null, Write | null | undefined, true>
    : never;

type TimestampType = Type<Timestamp, number | Date | { readonly epochNanoseconds: bigint }>;
/** Strings whose format is a type of its own; all others are text. */
type StringOf<Def> = Def extends { readonly format: "datetime" }
  ? TimestampType
  : Def extends { readonly format: "date" }
    ? Type<DateString, string>
    : Type<string>;

/** The column type of a schema, never where there is none. Only what the types can tell; the rest is told at build. */
type ColumnOf<Def> = Def extends { readonly type: "nullable"; readonly innerType: infer I extends $ZodType }
  ? Nullable<ColumnOf<DefOf<I>>>
  : Def extends { readonly type: "optional"; readonly innerType: infer I extends $ZodType }
    ? Optional<ColumnOf<DefOf<I>>>
    : Def extends { readonly type: "string" }
      ? StringOf<Def>
      : Def extends { readonly type: "number" }
        ? Type<number>
        : Def extends { readonly type: "bigint" }
          ? Type<bigint>
          : Def extends { readonly type: "boolean" }
            ? Type<boolean>
            : Def extends { readonly type: "date" }
              ? TimestampType
              : Def extends { readonly type: "enum"; readonly entries: infer E }
                ? TextsOf<E[keyof E]>
                : Def extends { readonly type: "literal"; readonly values: readonly (infer V)[] }
                  ? TextsOf<V>
                  : never;
type TextsOf<V> = [V] extends [string] ? Type<V> : never;

/** The columns of a zod object. */
export type ColumnsOfZod<Z extends $ZodObject> = {
  readonly [P in keyof Z["_zod"]["def"]["shape"]]: ColumnOf<DefOf<Z["_zod"]["def"]["shape"][P]>>;
} & {};

type Unmapped<Shape extends $ZodShape> = {
  [P in keyof Shape & string]: [ColumnOf<DefOf<Shape[P]>>] extends [never] ? P : never;
}[keyof Shape & string];
/** The object, if each of its fields has a column type. */
export type Mapped<Z extends $ZodObject> = [Unmapped<Z["_zod"]["def"]["shape"]>] extends [never]
  ? Z
  : Refused<`fromZod() has no column type for ${Listed<Unmapped<Z["_zod"]["def"]["shape"]>>}: take a plain type of zod, see the page of verbs [DF_ZOD]`>;
