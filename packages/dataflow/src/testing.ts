/** What tests of operators, sources and sinks are made of. */
export * from "@df/testing";
