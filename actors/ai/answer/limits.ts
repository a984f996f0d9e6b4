/** Times in milliseconds. */
export interface AnswerLimits {
  /** How long one may wait for a slot. */
  readonly waitMaxMs: number;
  /** From asking to the end, all attempts together. */
  readonly totalMaxMs: number;
  readonly firstTokenMs: number;
  /** Between two pieces of one stream. */
  readonly idleMs: number;
  /** After a call was cut off by us, until its slot is given back. */
  readonly abortSettleMs: number;
  readonly checkpointMs: number;
  /** Without readers. */
  readonly graceMs: number;
  /** Calls that failed, before the answer does. */
  readonly failuresMax: number;
  /** Whether broken streams are continued at all. */
  readonly continues: boolean;
  /** Characters; longer answers are not continued. */
  readonly continueMax: number;
  /** Characters of a continuation that are held back to find what it repeats. */
  readonly holdBack: number;
  /** Characters. */
  readonly textMax: number;
  readonly askersMax: number;
  readonly guests: boolean;
  /** Whether what users may ask in a day is bounded at all. */
  readonly budgeted: boolean;
}

export const DEFAULT_ANSWER_LIMITS: AnswerLimits = {
  waitMaxMs: 120_000,
  totalMaxMs: 180_000,
  firstTokenMs: 30_000,
  idleMs: 20_000,
  abortSettleMs: 500,
  checkpointMs: 500,
  graceMs: 30_000,
  failuresMax: 5,
  continues: true,
  continueMax: 20_000,
  holdBack: 200,
  textMax: 1_000_000,
  askersMax: 1_000,
  guests: false,
  budgeted: false,
};
