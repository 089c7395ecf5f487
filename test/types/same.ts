/** Compares types, for the pipelines that must compile. */
import type { ChangeMode, Stream } from "dataflow";

/** `true` only for two types that are the same. */
type Eq<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** The row of a stream. */
export type Row<S> = S extends Stream<infer R, ChangeMode, string, boolean> ? R : never;
/** The change mode, key and event time of a stream. */
export type FactsOf<S> = S extends Stream<infer _, infer C, infer K, infer E> ? [C, K, E] : never;
/** Holds two types equal: the argument is `true` only if they are. */
export const same = <A, B>(equal: Eq<A, B>): void => void equal;
