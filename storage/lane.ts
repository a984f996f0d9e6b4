/** What has a fence: each is named as its table, and they are locked in this order. */
export const NOUNS = ["account", "answer", "conversation", "pool", "room", "thread"] as const;
export type Noun = typeof NOUNS[number];

/** The row an actor owns while it writes; the write counts only if the row still carries this epoch. */
export interface Fence {
  readonly noun: Noun;
  readonly id: string;
  readonly epoch: number;
  /** The unit makes the row: none being there is as good as owning it. Its insert fails with `conflict` if there is one. */
  readonly founding?: boolean;
}

declare const write: unique symbol;
/** One change, made by a store's method and carried out by the commit lane. Opaque to actors. */
export interface Write {
  readonly [write]: true;
}

/** A newer epoch owns the row: whoever gets this is a zombie and must stop. */
export class FencedError extends Error {
  override readonly name = "FencedError";
  constructor(readonly fence: Fence) {
    super(`${fence.noun} ${fence.id} is owned by an epoch newer than ${fence.epoch}`);
  }
}

/**
 * What a committed unit survives when it is told of: that this process is killed, or also that the machine loses its
 * power. With a database server there is no difference.
 */
export type Survives = "process" | "machine";

/**
 * Group commit for the whole node: every unit that waits goes into one transaction. When `commit` resolves, the
 * writes survive what was asked for. A unit is all or nothing and never harms the units beside it.
 */
export interface CommitLane {
  /**
   * @throws {FencedError} when the fence's row is missing or carries another epoch; nothing of this unit is written.
   * @throws {BarrageError} `overloaded` when the lane's bound is reached, `unavailable` after the storage is disposed,
   * `conflict` when something else has what a write of the unit claims for itself.
   */
  commit(fence: Fence, writes: readonly Write[], survives?: Survives): Promise<void>;
  readonly stats: { readonly transactions: number; readonly units: number; readonly waiting: number };
}
