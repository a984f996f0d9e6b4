/** Times in milliseconds. */
export interface PoolLimits {
  /** Who may wait at once, and how many of one user. */
  readonly queueMax: number;
  readonly perUserMax: number;
  /** A lease that nobody has renewed for so long is over. */
  readonly termMs: number;
  /** On top of the second after which a start token comes back. */
  readonly startMarginMs: number;
  /** After a call was cut off, until the upstream has noticed. */
  readonly abortSettleMs: number;
  /** How often the credentials are read again; changes are told as well. */
  readonly refreshMs: number;
  /** Places are told at most this often. */
  readonly placesMs: number;
  /** How long given-back leases may stay in the store while nothing else is written. */
  readonly flushMs: number;
  /** A durable timer wakes the next owner so long after this one was last seen to have work. */
  readonly awakeMs: number;
  /** Leases in one commit. */
  readonly lendAtOnce: number;
  readonly probesAtOnce: number;
  readonly probeMaxMs: number;
  /** Successes at the learned limit, and the time since it last changed, before it goes up by one. */
  readonly raiseAfter: number;
  readonly raiseAfterMs: number;
  /** Before anything was measured: how long a call takes. */
  readonly callMs: number;
}

export const DEFAULT_POOL_LIMITS: PoolLimits = {
  queueMax: 1_000,
  perUserMax: 20,
  termMs: 15_000,
  startMarginMs: 50,
  abortSettleMs: 500,
  refreshMs: 30_000,
  placesMs: 1_000,
  flushMs: 200,
  awakeMs: 10_000,
  lendAtOnce: 500,
  probesAtOnce: 4,
  probeMaxMs: 30_000,
  raiseAfter: 20,
  raiseAfterMs: 600_000,
  callMs: 5_000,
};

/** In a window of this the upstream counts starts. */
export const START_WINDOW_MS = 1_000;
/** A process that has lost its lease cuts its calls off within this. */
export const CUT_WITHIN_MS = 250;
/** Clocks of different machines do not run equally fast. */
const DRIFT = 0.05;

/** From when the pool last heard of a lease until its slot may be lent again: its call is cut off by then, and over. */
export function lapseMs({ termMs, abortSettleMs }: PoolLimits): number {
  return termMs * (1 + DRIFT) + abortSettleMs;
}

/** From when a process is gone until the calls that it made are surely over. */
export function goneMs({ abortSettleMs }: PoolLimits): number {
  return abortSettleMs + CUT_WITHIN_MS;
}

/** How long an answer is told of its lease, again and again; a call may begin as late as that. */
export function tellMs({ termMs }: PoolLimits): number {
  return termMs / 2;
}

/** How long one such command is good for: a process that stood still finds it expired instead of calling late. */
export function tellOnceMs({ termMs }: PoolLimits): number {
  return Math.min(3_000, termMs / 5);
}

/** From when the upstream has counted a start until its token comes back. */
export function startAgainMs({ startMarginMs }: PoolLimits): number {
  return START_WINDOW_MS + startMarginMs;
}
