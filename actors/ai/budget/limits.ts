/** Of one user and day; 0 is no limit. */
export interface BudgetLimits {
  readonly requestsPerDay: number;
  readonly tokensPerDay: number;
  /** Answers that are taken for and not settled. */
  readonly heldMax: number;
  /** One that is not settled for so long is looked up in the records. */
  readonly heldMs: number;
}

export const DEFAULT_BUDGET_LIMITS: BudgetLimits = {
  requestsPerDay: 0,
  tokensPerDay: 0,
  heldMax: 1_000,
  heldMs: 600_000,
};
