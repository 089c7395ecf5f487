/** JSON Lines: `decode: json(Order)`. */
export { json } from "@df/formats/json/json";
export type { JsonOptions } from "@df/formats/json/json";
