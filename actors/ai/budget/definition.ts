import { z } from "zod";
import { Ulid } from "protocol/ids.ts";
import { defineActor } from "actors/runtime/definition.ts";

const Nothing = z.strictObject({});
const Tokens = z.int().nonnegative();

/** A day's worth of one kind; without `max` there is no limit. */
const Allowance = z.object({ used: z.int().nonnegative(), max: z.int().positive().optional() });

/** What one user may ask of assistants in a day, by UTC. It stores nothing: what was used is the sum of what was recorded. */
export const budgetActor = defineActor({
  kind: "budget",
  placement: "shard",
  key: Ulid,
  verbs: {
    /**
     * Before an answer is founded; again for the same answer is harmless. Refused with `rate_limited`, and
     * `retryAfterMs` until the day ends, when the request or the tokens are too many.
     */
    take: { input: z.strictObject({ answer: Ulid, tokens: Tokens }), output: Nothing },
    /** After the last usage of an answer was committed: what all its attempts cost. */
    settle: { input: z.strictObject({ answer: Ulid, tokens: Tokens }), output: Nothing, reserved: true },
    /** The answer has not been founded, for it was refused or merged into another. */
    drop: { input: z.strictObject({ answer: Ulid }), output: Nothing, reserved: true },
    /** How far the day's worth has been used; what runs counts as it was estimated. */
    read: {
      input: Nothing,
      output: z.object({
        requests: Allowance,
        tokens: Allowance,
        /** Milliseconds since 1970: when the next day begins. */
        until: z.int(),
      }),
    },
  },
});
export type BudgetVerbs = typeof budgetActor["verbs"];
export type BudgetVerb = keyof BudgetVerbs;
