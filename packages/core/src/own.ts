/** What a record holds by a name; not what every object inherits: a node or a parameter may be called "constructor". */
export function own<Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
