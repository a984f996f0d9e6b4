import { z } from "zod";
import { Band, Feature, ModelName } from "protocol/ai.ts";
import { Ulid } from "protocol/ids.ts";
import { defineActor } from "actors/runtime/definition.ts";
import { FAULT_KINDS } from "../provider.ts";

const Nothing = z.strictObject({});

/** The key of the pool of a feature and model; dots part the tokens of a subject, so they become `~`. */
export function poolKey(feature: Feature, model: string): string {
  return `${feature}-${model.replaceAll(".", "~")}`;
}

export function poolOf(key: string): { feature: Feature; model: string } {
  const dash = key.indexOf("-");
  return {
    feature: Feature.parse(key.slice(0, dash)),
    model: ModelName.parse(key.slice(dash + 1).replaceAll("~", ".")),
  };
}

/** How a call ended, for what the pool learns from it. */
export const Outcome = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("done") }),
  /** Never called, or cut off by us: says nothing about the credential. */
  z.strictObject({ kind: z.literal("unused") }),
  z.strictObject({
    kind: z.literal("fault"),
    fault: z.enum(FAULT_KINDS),
    retryAfterMs: z.int().nonnegative().optional(),
    providerWide: z.boolean().optional(),
    code: z.string().max(64).optional(),
  }),
]);
export type Outcome = z.infer<typeof Outcome>;

export const Ticket = z.strictObject({
  /** The answer's id: also its place, for it grows with time. */
  answer: Ulid,
  user: Ulid,
  band: Band,
  /** Which attempt of the answer this is: 1, 2, 3, ... */
  attempt: z.int().positive(),
  /** Credentials that were tried in vain. */
  exclude: z.array(Ulid).max(32).default([]),
  /** The only credential that will do, for a job that it began. */
  sticky: Ulid.optional(),
  /** SHA-256 of the request and of who may share it, base64url; missing when it is not to be merged. */
  digest: z.string().length(43).optional(),
  /** Milliseconds since 1970: not wanted any more after this. */
  until: z.int(),
});
export type Ticket = z.infer<typeof Ticket>;

export const Queued = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("queued"),
    /** 1 is next; 0 when a slot was free. */
    position: z.int().nonnegative(),
    etaMs: z.int().nonnegative(),
  }),
  /** The same is being answered already. */
  z.object({ outcome: z.literal("merged"), into: Ulid }),
]);

/** A process that makes calls: its node's name, and which process of that name it is. */
export const Runner = z.strictObject({ id: z.string().max(64), epoch: z.int().nonnegative() });
export type Runner = z.infer<typeof Runner>;

const LeaseOnly = z.strictObject({ lease: Ulid });

/**
 * All uses of one feature and model. `enqueue` is refused with `not_found` for a model without credentials, with
 * `overloaded` when the queue or the user's part of it is full, with `unavailable` when every credential is dead or
 * excluded.
 */
export const poolActor = defineActor({
  kind: "pool",
  placement: "shard",
  key: z.string().regex(/^(text|image|slides)-[A-Za-z0-9][A-Za-z0-9~_-]{0,62}$/),
  noun: "pool",
  verbs: {
    enqueue: { input: Ticket, output: Queued, batched: 256 },
    /** The answer does not wait any more. What it has been lent it gives back by `release`. */
    leave: { input: z.strictObject({ answer: Ulid }), output: Nothing, batched: 256 },
    /** The upstream has counted the call. */
    started: { input: LeaseOnly, output: Nothing, batched: 256 },
    /**
     * The call lives, in the process `runner`; `started` once the upstream has counted it, for an owner that has not heard
     * of it. `held: false`: the lease is over, and so must be the call.
     */
    renew: {
      input: LeaseOnly.extend({ started: z.boolean().optional(), runner: Runner.optional() }),
      output: z.object({ held: z.boolean() }),
      batched: 256,
    },
    /** The call is over; again is harmless. */
    release: {
      input: LeaseOnly.extend({ outcome: Outcome }),
      output: Nothing,
      batched: 256,
    },
    /** Whether a call of this attempt may be under way, as an answer asks that hears nothing of it. */
    holds: {
      input: z.strictObject({ answer: Ulid, attempt: z.int().positive() }),
      output: z.object({ held: z.boolean() }),
      batched: 256,
    },
    /** From the pool itself: the answer did not want what it was lent, and has never called. */
    declined: { input: LeaseOnly, output: Nothing, batched: 256 },
    /** From the pool itself: lends what is free, once everything that came before has been heard. */
    settle: { input: Nothing, output: Nothing },
    /** One cheap call with exactly this credential, when nobody else wants the slot; for its operator. */
    probe: { input: z.strictObject({ credential: Ulid }), output: z.object({ outcome: Outcome }) },
    /** Credentials have changed. */
    refresh: { input: Nothing, output: Nothing },
    /** For operators and metrics. */
    inspect: {
      input: Nothing,
      output: z.object({
        waiting: z.int().nonnegative(),
        leased: z.int().nonnegative(),
        slots: z.int().nonnegative(),
        uses: z.array(z.object({
          credential: Ulid,
          label: z.string(),
          state: z.enum(["ready", "cooling", "quota", "forbidden", "probing", "dead", "disabled"]),
          /** Milliseconds until it is looked at again. */
          forMs: z.int().nonnegative().optional(),
          inFlight: z.int().nonnegative(),
          inFlightMax: z.int().positive(),
          /** What concurrency faults have taught; at most `inFlightMax`. */
          learned: z.int().positive(),
          startsPerSecond: z.int().positive(),
        })),
      }),
    },
    /** The incarnation's own timer. */
    tick: { input: Nothing, output: Nothing, reserved: true },
    /** How a probe of a credential ended. */
    probed: {
      input: LeaseOnly.extend({ outcome: Outcome }),
      output: Nothing,
      reserved: true,
    },
  },
});
export type PoolVerbs = typeof poolActor["verbs"];
export type PoolVerb = keyof PoolVerbs;

/** The body of the event `queue`: places that have changed, in pieces of at most this many. */
export const PLACES_AT_ONCE = 500;
export const QueueEvent = z.object({
  places: z.array(z.tuple([Ulid, z.int().positive(), z.int().nonnegative()])).max(PLACES_AT_ONCE),
});
