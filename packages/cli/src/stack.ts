/** Where an error came from, as Node tells it. */
export interface Told {
  /** The message; for syntax, with the place and the line. */
  readonly message: string;
  /** Places in the user's files, innermost first; none when our code or Node's threw for a reason of its own. */
  readonly places: readonly string[];
}

const FRAME = "\n    at ";
const OURS = new URL("../..", import.meta.url).href;

/** Takes a stack apart. What Node's and JavaScript's own functions throw counts as thrown by whoever called them. */
export function told(error: Error): Told {
  const [message = "", ...frames] = (error.stack ?? error.message).split(FRAME);
  const calls = frames.filter((frame) => !/\bnode:|<anonymous>/.test(frame));
  const isOurs = (frame: string): boolean => frame.includes(OURS) || frame.includes("/node_modules/");
  const [innermost] = calls;
  const places = innermost === undefined || isOurs(innermost) ? [] : calls.filter((frame) => !isOurs(frame));
  return { message, places };
}

/** An error of a user's own, without the engine's part of the stack; one of ours whole. */
export function withPlaces(error: Error): string {
  const { message, places } = told(error);
  return places.length === 0 ? (error.stack ?? error.message) : [message, ...places].join(FRAME);
}
