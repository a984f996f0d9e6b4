import { z } from "zod";

/** What the upstream does wrong, or just does, in one call. Tokens are those of the answer. */
export const Fault = z.discriminatedUnion("kind", [
  /** 429, or 11202. `retryAfterMs` is told by `form`: in seconds, in milliseconds, or as a date. */
  z.strictObject({
    kind: z.literal("rate"),
    retryAfterMs: z.int().optional(),
    form: z.enum(["seconds", "milliseconds", "date"]).default("seconds"),
  }),
  /** 429 that speaks of concurrency, or 11203. */
  z.strictObject({ kind: z.literal("concurrency") }),
  /** 429 insufficient_quota, or 11200. */
  z.strictObject({ kind: z.literal("quota") }),
  /** An HTTP status with a plain error body; for Spark the handshake is refused with it. */
  z.strictObject({
    kind: z.literal("status"),
    status: z.int().min(400).max(599),
    code: z.string().optional(),
  }),
  /** One frame with this header.code, or an error object in the stream, after so many tokens. */
  z.strictObject({
    kind: z.literal("code"),
    code: z.union([z.int(), z.string()]),
    after: z.int().nonnegative().default(0),
  }),
  /** The socket is reset before the headers. */
  z.strictObject({ kind: z.literal("reset") }),
  /** Nothing is ever answered. */
  z.strictObject({ kind: z.literal("silent") }),
  /** The first token is late. */
  z.strictObject({ kind: z.literal("slow"), ms: z.int().positive() }),
  /** The socket is closed inside the body. */
  z.strictObject({ kind: z.literal("cut"), after: z.int().nonnegative() }),
  /** The body ends as it should, but without finish_reason. */
  z.strictObject({ kind: z.literal("truncated"), after: z.int().nonnegative() }),
  /** Nothing comes any more after so many tokens. */
  z.strictObject({ kind: z.literal("stall"), after: z.int().nonnegative() }),
  /** So many lines that are no JSON, in addition, after so many tokens. */
  z.strictObject({
    kind: z.literal("garbage"),
    after: z.int().nonnegative(),
    lines: z.int().positive().default(1),
  }),
  /** finish_reason and usage, but no [DONE]; with `hang`, the body does not end either. */
  z.strictObject({ kind: z.literal("no_done"), hang: z.boolean().default(false) }),
  z.strictObject({ kind: z.literal("context") }),
  /** Before the first token, or after so many. */
  z.strictObject({ kind: z.literal("moderation"), after: z.int().nonnegative().optional() }),
  /** A request whose last message is the assistant's gets 400; others are answered. */
  z.strictObject({ kind: z.literal("no_prefill") }),
  /** Thoughts, or the call of a tool, before the text. */
  z.strictObject({ kind: z.literal("unshown"), what: z.enum(["reasoning", "tool"]) }),
  z.strictObject({ kind: z.literal("no_usage") }),
  /** A slide deck is begun and then comes to nothing. */
  z.strictObject({ kind: z.literal("build_failed") }),
  /** A continuation begins with so many characters that were there already. */
  z.strictObject({ kind: z.literal("overlap"), characters: z.int().positive() }),
]);
export type Fault = z.infer<typeof Fault>;
export type FaultOf<K extends Fault["kind"]> = Extract<Fault, { kind: K }>;

/** When a fault happens. What is left out matches everything; the first rule that matches decides. */
export const FaultRule = z.strictObject({
  fault: Fault,
  credential: z.string().optional(),
  feature: z.enum(["text", "image", "slides"]).optional(),
  /** Numbers of the credential's calls, the first is 1. */
  calls: z.array(z.int().positive()).optional(),
  /** From this call on. */
  from: z.int().positive().optional(),
  /** Flapping: so many calls fail, so many succeed, and so on. */
  flap: z.strictObject({ down: z.int().positive(), up: z.int().positive() }).optional(),
  probability: z.number().gt(0).max(1).optional(),
  /** Over after so many times. */
  times: z.int().positive().optional(),
});
export type FaultRule = z.input<typeof FaultRule>;

/** Decides which call gets which fault; with one seed always the same. */
export class FaultPlan {
  #rules: { readonly rule: z.infer<typeof FaultRule>; left: number }[] = [];
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  set(rules: readonly FaultRule[]): void {
    this.#rules = rules.map((rule) => ({ rule: FaultRule.parse(rule), left: rule.times ?? Infinity }));
  }

  /** The fault of a credential's nth call. */
  next(call: { credential: string; feature: string; n: number }): Fault | undefined {
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (entry.left === 0) continue;
      if (rule.credential !== undefined && rule.credential !== call.credential) continue;
      if (rule.feature !== undefined && rule.feature !== call.feature) continue;
      if (rule.calls !== undefined && !rule.calls.includes(call.n)) continue;
      if (rule.from !== undefined && call.n < rule.from) continue;
      if (rule.flap !== undefined && (call.n - 1) % (rule.flap.down + rule.flap.up) >= rule.flap.down) {
        continue;
      }
      if (rule.probability !== undefined && this.#random() >= rule.probability) continue;
      entry.left--;
      return rule.fault;
    }
    return undefined;
  }
}
