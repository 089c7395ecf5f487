/** What a run and its decode threads say to each other. A source and an opening are only told, all else is answered. */
import type { Position } from "../connector.ts";
import type { ToldError } from "../thread-errors.ts";
import type { Parcel } from "./parcel.ts";

/** What a decode thread is asked for. Sources and readers go by numbers. */
export type DecodeRequest =
  | { readonly kind: "source"; readonly source: number; readonly module: string; readonly shared: unknown }
  | {
      readonly kind: "open";
      readonly reader: number;
      readonly source: number;
      readonly split: unknown;
      readonly position: Position | undefined;
    }
  /** `spare`: memory to use again for the answer. */
  | {
      readonly kind: "poll";
      readonly reader: number;
      readonly rowsMax: number;
      readonly spare: ArrayBuffer | undefined;
    }
  | { readonly kind: "close"; readonly reader: number };

/** What it answers. */
export type DecodeAnswer = { readonly reader: number } & DecodeReply;

/** What a reader is told. */
export type DecodeReply =
  | { readonly kind: "rows"; readonly parcel: Parcel }
  | { readonly kind: "idle" }
  | { readonly kind: "end" }
  | { readonly kind: "error"; readonly error: ToldError }
  | { readonly kind: "closed"; readonly error: ToldError | undefined };
