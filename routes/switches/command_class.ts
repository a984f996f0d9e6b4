/**
 * `reads` changes nothing that lasts; `writes` does; `always` has to work whatever is refused: to sign in and out, to take
 * access away, to let go of something, to run the server.
 */
export type Effect = "reads" | "writes" | "always";

/** What switches have to know of a method or route. */
export interface CommandClass {
  readonly effect: Effect;
  /** Refused while `shed-<this>` is on, whoever asks. */
  readonly sort?: "guests" | "low" | "ai";
}

export const READS: CommandClass = { effect: "reads" };
export const WRITES: CommandClass = { effect: "writes" };
export const ALWAYS: CommandClass = { effect: "always" };
/** What is missed least, or comes again by itself. */
export const LOW_READS: CommandClass = { effect: "reads", sort: "low" };
export const LOW_WRITES: CommandClass = { effect: "writes", sort: "low" };
/** New questions for AI models. */
export const ASKS: CommandClass = { effect: "writes", sort: "ai" };
