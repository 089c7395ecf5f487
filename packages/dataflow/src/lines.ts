/** Lines of text: `decode: lines()`. */
export { lines } from "@df/formats/lines/lines";
export type { LinesOptions } from "@df/formats/lines/lines";
