/** Why a batch has to be sent once more. */
export type RetryReason = "moved" | "no_responders" | "timeout" | "unavailable";

/** What went between this node and the others since it started. */
export class RemoteCounters {
  /** Batches of commands that other nodes took in. */
  batches = 0;
  readonly retries: Record<RetryReason, number> = { moved: 0, no_responders: 0, timeout: 0, unavailable: 0 };
  /** Commands taken in whose answer stayed away, so that they were sent again. */
  askedAgain = 0;
  /** Commands sent and not answered by their deadline: their outcome is unknown. */
  timeouts = 0;
  /** Shards that changed owner by agreement, to this node and from it, and those an owner did not let go. */
  readonly handOffs = { in: 0, out: 0, refused: 0 };
}

/** What people and foreign programs asked of the actors of one kind, through this node. */
export interface AskCounts {
  readonly requests: number;
  readonly errors: number;
  /** Empty when there was none. */
  readonly lastError: string;
  /** From the arrival of each to its answer, added up. */
  readonly processingMs: number;
}

export interface RemoteReport extends Readonly<Pick<RemoteCounters, "batches" | "askedAgain" | "timeouts">> {
  readonly retries: Readonly<Record<RetryReason, number>>;
  readonly handOffs: Readonly<RemoteCounters["handOffs"]>;
  /** Actors of other nodes this node is talking to. */
  readonly targets: number;
  /** Commands sent to other nodes and not answered yet. */
  readonly waiting: number;
  /** By kind of actor. */
  readonly asks: Readonly<Record<string, AskCounts>>;
}
