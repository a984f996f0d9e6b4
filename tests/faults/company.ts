import type { Reason } from "protocol/errors.ts";
import type { Message } from "./history.ts";

/** What was seen that must not be, and of which kind. */
export interface Finding {
  readonly fault: string;
  readonly detail: string;
}

/** The people of a run, who use the cluster while it is hurt, and know in the end what it did to them. */
export interface Company extends AsyncDisposable {
  /** Rooms that others may watch as well. */
  readonly rooms: readonly string[];
  readonly messages: readonly Message[];
  /** Those of whom somebody always waits for an ack: what a silence is measured by. */
  readonly steady: readonly Message[];
  /** What was shown to all of them together. */
  readonly seen: number;
  /** What they did, for a person who asks whether it was enough to prove anything. */
  readonly summary: string;
  /** Calls that failed towards the application, by reason. */
  readonly failures: ReadonlyMap<Reason, number>;
  /** Resolves when something was acked, from now on, wherever somebody always talks. */
  untilAcked(patienceMs?: number): Promise<void>;
  /** Everybody falls silent and sees all there is to see; then all that was seen is checked. */
  judge(): Promise<readonly Finding[]>;
}
