/** Files as a source: `files({ path: "./input/*.jsonl", decode: json(Order) })`. */
export { files } from "@df/connectors/files/files";
export type { FilesOptions } from "@df/connectors/files/files";
