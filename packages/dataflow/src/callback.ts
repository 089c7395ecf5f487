/** A function of yours as a sink: `callback((changes, { epoch }) => …)`. */
export { callback } from "@df/connectors/callback/callback";
export type { Callback, CallbackSink, Told } from "@df/connectors/callback/callback";
