/** The Parquet schema of a classic checkpoint (PROTOCOL.md, "Checkpoint Schema"), depth first. */
import type { SchemaElement } from "@df/formats/parquet/records";

const TEXT = { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } } as const;
const LONG = { type: "INT64" } as const;
const INT = { type: "INT32" } as const;
const BOOL = { type: "BOOLEAN" } as const;

type Leaf = typeof TEXT | typeof LONG | typeof INT | typeof BOOL;

function leaf(name: string, type: Leaf): SchemaElement {
  return { name, repetition_type: "OPTIONAL", ...type };
}

function group(name: string, children: number, ...elements: readonly SchemaElement[]): SchemaElement[] {
  return [{ name, repetition_type: "OPTIONAL", num_children: children }, ...elements];
}

function textMap(name: string): SchemaElement[] {
  return [
    {
      name,
      repetition_type: "OPTIONAL",
      num_children: 1,
      converted_type: "MAP",
      logical_type: { type: "MAP" },
    },
    { name: "key_value", repetition_type: "REPEATED", num_children: 2 },
    { name: "key", repetition_type: "REQUIRED", ...TEXT },
    leaf("value", TEXT),
  ];
}

function textList(name: string): SchemaElement[] {
  return [
    {
      name,
      repetition_type: "OPTIONAL",
      num_children: 1,
      converted_type: "LIST",
      logical_type: { type: "LIST" },
    },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    leaf("element", TEXT),
  ];
}

const DELETION_VECTOR = group(
  "deletionVector",
  5,
  leaf("storageType", TEXT),
  leaf("pathOrInlineDv", TEXT),
  leaf("offset", INT),
  leaf("sizeInBytes", INT),
  leaf("cardinality", LONG),
);

/** Schema of a checkpoint: one column per kind of action. */
export const CHECKPOINT_SCHEMA: readonly SchemaElement[] = [
  { name: "checkpoint", num_children: 5 },
  ...group("txn", 3, leaf("appId", TEXT), leaf("version", LONG), leaf("lastUpdated", LONG)),
  ...group(
    "add",
    8,
    leaf("path", TEXT),
    ...textMap("partitionValues"),
    leaf("size", LONG),
    leaf("modificationTime", LONG),
    leaf("dataChange", BOOL),
    leaf("stats", TEXT),
    ...textMap("tags"),
    ...DELETION_VECTOR,
  ),
  ...group(
    "remove",
    7,
    leaf("path", TEXT),
    leaf("deletionTimestamp", LONG),
    leaf("dataChange", BOOL),
    leaf("extendedFileMetadata", BOOL),
    ...textMap("partitionValues"),
    leaf("size", LONG),
    ...DELETION_VECTOR,
  ),
  ...group(
    "metaData",
    8,
    leaf("id", TEXT),
    leaf("name", TEXT),
    leaf("description", TEXT),
    ...group("format", 2, leaf("provider", TEXT), ...textMap("options")),
    leaf("schemaString", TEXT),
    ...textList("partitionColumns"),
    ...textMap("configuration"),
    leaf("createdTime", LONG),
  ),
  ...group(
    "protocol",
    4,
    leaf("minReaderVersion", INT),
    leaf("minWriterVersion", INT),
    ...textList("readerFeatures"),
    ...textList("writerFeatures"),
  ),
];
