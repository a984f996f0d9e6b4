import { z } from "zod";
import { BarrageError, ERRORS, type Reason, toWire } from "protocol/errors.ts";
import { Caller } from "../caller.ts";

const REASONS = Object.keys(ERRORS) as [Reason, ...Reason[]];

const Failure = z.object({
  message: z.string(),
  data: z.object({
    reason: z.enum(REASONS),
    retryAfterMs: z.number().optional(),
    path: z.string().optional(),
  }),
});

/** Commands of one verb to one actor, in the order they were sent; taken in as a whole or not at all. */
export const Batch = z.object({
  from: z.string(),
  /** Under which epoch the owner took in the commands before these; another one refuses the batch. */
  epoch: z.number().optional(),
  calls: z.array(z.object({
    /** What the answer will be called. */
    id: z.string(),
    /** The same again is the same command, whoever asks. */
    once: z.string(),
    input: z.unknown(),
    caller: Caller,
    /** Milliseconds left until the caller gives up. */
    timeoutMs: z.number().positive(),
    bytes: z.number().nonnegative(),
    chain: z.array(z.string()),
  })).min(1),
});
export type Batch = z.infer<typeof Batch>;

/** The answer to a batch: the commands are in the mailbox, or why none of them is. */
export const Taken = z.union([
  z.object({ taken: z.literal(true), epoch: z.number() }),
  z.object({ error: Failure, epoch: z.number().optional() }),
]);
export type Taken = z.infer<typeof Taken>;

/** The answers proper, sent to the caller's node as they come. */
export const Answers = z.object({
  answers: z.array(z.union([
    z.object({ id: z.string(), error: Failure }),
    z.object({ id: z.string(), output: z.unknown() }),
  ])),
});
export type Answers = z.infer<typeof Answers>;

/** To whoever owns the shard: `address` is `<shard>.<kind>.<key>.<verb>`, or a pattern of it. */
export function queueSubject(address: string): string {
  return `barrage.v1.act.${address}`;
}

/** To one node, whether it owns the shard or not. */
export function nodeSubject(node: string, address: string): string {
  return `barrage.v1.node.${node}.act.${address}`;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encode(value: Batch | Taken | Answers): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** @throws {BarrageError} `parse` for what is not the expected body. */
export function decode<S extends z.ZodType>(schema: S, data: Uint8Array): z.output<S> {
  try {
    return schema.parse(JSON.parse(decoder.decode(data)));
  } catch (cause) {
    throw new BarrageError("parse", "Cannot read the body from the bus", { cause });
  }
}

export function failureOf(error: BarrageError): z.infer<typeof Failure> {
  const { message, data } = toWire(error);
  return { message, data };
}

export function errorOf(
  { message, data: { reason, retryAfterMs, path } }: z.infer<typeof Failure>,
): BarrageError {
  return new BarrageError(reason, message, {
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(path === undefined ? {} : { path }),
  });
}
