import { z } from "zod";
import { AiFile, AiRequest, AiUsage, AnswerView, Band, FinishReason, ModelName } from "protocol/ai.ts";
import { Ulid } from "protocol/ids.ts";
import { User } from "protocol/users.ts";
import { defineActor } from "actors/runtime/definition.ts";
import { FAULT_KINDS } from "../provider.ts";

const Nothing = z.strictObject({});
const Attempt = z.int().positive();

/** What was lent: one call with one use of one credential. */
export const Lease = z.strictObject({
  lease: Ulid,
  credential: Ulid,
  upstreamModel: z.string().max(256),
  attempt: Attempt,
  /** Renew within this, milliseconds; the pool counts it from when it last heard of the lease. */
  termMs: z.int().positive(),
});
export type Lease = z.infer<typeof Lease>;

/** What came of the running call; in order, and only from the attempt that runs. */
export const Piece = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("started") }),
  z.strictObject({ kind: z.literal("text"), text: z.string() }),
  z.strictObject({ kind: z.literal("unshown") }),
  z.strictObject({ kind: z.literal("progress"), percent: z.int().min(0).max(100) }),
  /** Empty when there is nothing to take up any more. */
  z.strictObject({ kind: z.literal("job"), job: z.string().max(4_096) }),
  z.strictObject({ kind: z.literal("file"), file: AiFile }),
  z.strictObject({ kind: z.literal("usage"), usage: AiUsage }),
  z.strictObject({ kind: z.literal("end"), reason: FinishReason }),
  z.strictObject({
    kind: z.literal("fault"),
    fault: z.enum(FAULT_KINDS),
    message: z.string().max(1_000),
    retryAfterMs: z.int().nonnegative().optional(),
    providerWide: z.boolean().optional(),
    code: z.string().max(64).optional(),
  }),
]);
export type Piece = z.infer<typeof Piece>;

export const PIECES_MAX = 512;
/** One that is not over looks after itself more often; of the others there are many, and they are not used again. */
const IDLE_MS = 5_000;

/** What one asked for: who may follow it are its askers, and operators. */
export const answerActor = defineActor({
  kind: "answer",
  placement: "shard",
  key: Ulid,
  noun: "answer",
  idleMs: IDLE_MS,
  verbs: {
    /**
     * Durable when it is answered, unless it was merged: then `answer` names the one to follow. The caller becomes an
     * asker. Again with the same key is harmless.
     */
    ask: {
      input: z.strictObject({
        model: ModelName,
        request: AiRequest,
        band: Band.exclude(["probe"]).default("normal"),
        /** Goes on without readers; for jobs, and for what the server itself asks. */
        detached: z.boolean().default(false),
        /** Answered as soon as it survives the process; the machine, a moment later. For who is gone with it anyway. */
        early: z.boolean().optional(),
        /** The history it belongs to. */
        thread: Ulid.optional(),
      }),
      output: z.object({ answer: Ulid, merged: z.boolean(), view: AnswerView }),
    },
    /** Somebody else has asked the same and may follow. */
    admit: { input: z.strictObject({ user: User }), output: AnswerView },
    /** From an offset on; live comes as events from the offset behind `text` on. */
    follow: { input: z.strictObject({ from: z.int().nonnegative().default(0) }), output: AnswerView },
    /** By an asker, for himself; the last one ends it. */
    cancel: { input: Nothing, output: Nothing },
    /** Keeps no longer what was asked and said, once that is over; what it cost stays known. */
    forget: { input: Nothing, output: Nothing },
    /** An asker's account was removed: as if he had cancelled. */
    withdraw: { input: z.strictObject({ user: Ulid }), output: Nothing },
    /** For nodes: how many of its sockets and streams follow. A node that says nothing for 45 s has none. */
    attend: {
      input: z.strictObject({ node: z.string().max(64), readers: z.int().nonnegative() }),
      output: Nothing,
    },
    /** From the pool. `taken: false`: the lease is not wanted. */
    granted: { input: Lease, output: z.object({ taken: z.boolean() }), reserved: true },
    /** From the pool: no credential is left that could answer. */
    refused: {
      input: z.strictObject({ attempt: Attempt, retryAfterMs: z.int().nonnegative().optional() }),
      output: Nothing,
      reserved: true,
    },
    /** From the one who runs the call, again when it got no answer. */
    pieces: {
      input: z.strictObject({
        attempt: Attempt,
        lease: Ulid,
        credential: Ulid,
        /** Where the text in them begins. */
        from: z.int().nonnegative(),
        pieces: z.array(Piece).max(PIECES_MAX),
      }),
      /** How much text there is now, and whether the call is to go on. */
      output: z.object({ length: z.int().nonnegative(), stop: z.boolean() }),
    },
    /** The incarnation's own timer: nobody reads, nothing comes, the deadline, a checkpoint. */
    tick: { input: Nothing, output: Nothing, reserved: true },
  },
});
export type AnswerVerbs = typeof answerActor["verbs"];
export type AnswerVerb = keyof AnswerVerbs;
