/** Rows declared with zod: `const Order = fromZod(z.object({ id: z.string(), cents: z.int64() }))`. */
export { fromZod } from "./from-zod.ts";
export type { ColumnsOfZod, Mapped } from "./zod-types.ts";
