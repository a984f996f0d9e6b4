export interface MergeLimits {
  /** Ids in one query. */
  readonly idsMax: number;
  /** Queries of one entity that this node has under way at a time. */
  readonly parallel: number;
  /** Beside a query that runs longer than this, another one may start. */
  readonly slowMs: number;
  /** Ids that may wait for a query. */
  readonly waitingMax: number;
  /** Answers kept for those who ask just after: as old as this, and so many. */
  readonly recentMs: number;
  readonly recentMax: number;
  /** Queries start at least this far apart; 0: as soon as the one before is over. */
  readonly windowMs: number;
  /** Only while more than so many ask a second. */
  readonly abovePerSecond: number;
}

/** So many actors share the ids of an entity. */
export const LOOKUP_BUCKETS = 64;
/** Commands in one turn of theirs. */
export const LOOKUP_BATCH_MAX = 512;

export const DEFAULT_MERGE_LIMITS: MergeLimits = {
  idsMax: 512,
  parallel: 4,
  slowMs: 20,
  waitingMax: 20_000,
  recentMs: 1_000,
  recentMax: 4_096,
  windowMs: 5,
  abovePerSecond: 1_000,
};

export interface ReadLimits {
  /** A card this old is renewed while it is shown. */
  readonly freshMs: number;
  /** None older than this is shown. */
  readonly staleMs: number;
  /** None older than this is shown while older ones are preferred to none. */
  readonly outdatedMs: number;
  /** How long it is believed that nothing has an id. */
  readonly absentMs: number;
  /** How long a card stays in the node's own memory, unless it changes. */
  readonly firstMs: number;
  /** As old may be what others have just looked up. */
  readonly shareMs: number;
  /** How many times its cost a card is renewed before its time, about. */
  readonly earlyFactor: number;
  /** Cards renewed at a time. */
  readonly renewalsMax: number;
}

export const DEFAULT_READ_LIMITS: ReadLimits = {
  freshMs: 10_000,
  staleMs: 30_000,
  outdatedMs: 600_000,
  absentMs: 2_000,
  firstMs: 1_000,
  shareMs: 1_000,
  earlyFactor: 1,
  renewalsMax: 1_000,
};
