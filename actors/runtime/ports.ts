import type { Bus } from "actors/bus/bus.ts";
import type { CommitLane, TimerStore } from "storage/storage.ts";
import type { Clock } from "./clock.ts";
import type { Drops } from "./drops.ts";
import type { Ids } from "./ids.ts";
import type { MailboxLimits } from "./mailbox.ts";

export interface RuntimeLimits {
  readonly mailbox: MailboxLimits;
  readonly dedupe: { readonly maxCount: number; readonly maxAgeMs: number };
  /** Milliseconds without a command after which an actor leaves memory. */
  readonly idleMs: number;
  /** Actors in memory on this node, those bound to a socket not counted. */
  readonly actorsMax: number;
  readonly callTimeoutMs: number;
  /** A turn that runs longer is reported as stuck. */
  readonly stuckTurnMs: number;
  readonly restart: { readonly baseMs: number; readonly maxMs: number; readonly healthyMs: number };
}

export const DEFAULT_LIMITS: RuntimeLimits = {
  mailbox: { maxCount: 1_000, maxBytes: 1_048_576, maxAgeMs: 5_000, reservedCount: 64 },
  dedupe: { maxCount: 1_024, maxAgeMs: 120_000 },
  idleMs: 120_000,
  actorsMax: 20_000,
  callTimeoutMs: 5_000,
  stuckTurnMs: 30_000,
  restart: { baseMs: 100, maxMs: 30_000, healthyMs: 60_000 },
};

/** What every actor of a node shares. */
export interface RuntimePorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly ids: Ids;
  readonly bus: Bus;
  readonly lane: CommitLane;
  readonly timers: TimerStore;
  readonly drops: Drops;
  readonly limits: RuntimeLimits;
  /** A durable timer was set: look for it no later than this wall-clock time. */
  timerHint(dueAt: number): void;
  /** Grows with every timer set on this node. */
  nextGeneration(): number;
}
