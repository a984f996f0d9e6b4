import { z } from "zod";
import { BarrageError, toWire, type WireError } from "./errors.ts";
import { invalidRequest } from "./issues.ts";
import { BATCH_MAX } from "./methods.ts";

const ID_MAX = 64;

export const RequestId = z.union(
  [z.string().max(ID_MAX), z.int()],
  `must be a string of at most ${ID_MAX} characters or a safe integer`,
);
export type RequestId = z.infer<typeof RequestId>;

const ParamsObject = z.record(z.string(), z.unknown()).default({});

/** JSON-RPC 2.0 (www.jsonrpc.org/specification), with params by name only. */
export const NotificationEnvelope = z.object({
  jsonrpc: z.literal("2.0"),
  method: z.string().min(1).max(64),
  params: ParamsObject,
});
export const RequestEnvelope = NotificationEnvelope.extend({ id: RequestId });
export const BatchEnvelope = z.array(z.unknown()).min(1).max(BATCH_MAX);

export type Envelope =
  | { readonly kind: "request"; readonly id: RequestId; readonly method: string; readonly params: Params }
  | { readonly kind: "notification"; readonly method: string; readonly params: Params }
  /** An answer to a question never asked: the server calls no client. */
  | { readonly kind: "reply" }
  /** `id` is null when it cannot be known, as the specification wants it in the answer. */
  | { readonly kind: "invalid"; readonly id: RequestId | null; readonly error: BarrageError };

export type Incoming =
  | { readonly kind: "single"; readonly envelope: Envelope }
  | { readonly kind: "batch"; readonly envelopes: readonly Envelope[] };

type Params = Readonly<Record<string, unknown>>;

/** What a frame holds: one envelope, or a batch of 1-16. A batch of another size is one invalid envelope. */
export function readIncoming(decoded: unknown): Incoming {
  if (!Array.isArray(decoded)) return { kind: "single", envelope: readEnvelope(decoded) };
  const batch = BatchEnvelope.safeParse(decoded);
  if (batch.success) return { kind: "batch", envelopes: batch.data.map(readEnvelope) };
  const message = `Cannot take a batch of ${decoded.length}: it must have 1-${BATCH_MAX} calls`;
  return { kind: "single", envelope: invalid(null, new BarrageError("invalid_request", message)) };
}

export function readEnvelope(decoded: unknown): Envelope {
  if (typeof decoded !== "object" || decoded === null || Array.isArray(decoded)) {
    return invalid(null, new BarrageError("invalid_request", "Cannot read the call: it must be an object"));
  }
  if (!("method" in decoded) && ("result" in decoded || "error" in decoded)) return { kind: "reply" };
  if (!("id" in decoded)) {
    const read = NotificationEnvelope.safeParse(decoded);
    if (!read.success) return invalid(null, invalidRequest(read.error));
    return { kind: "notification", method: read.data.method, params: read.data.params };
  }
  const read = RequestEnvelope.safeParse(decoded);
  if (read.success) {
    return { kind: "request", id: read.data.id, method: read.data.method, params: read.data.params };
  }
  const id = RequestId.safeParse(decoded.id);
  return invalid(id.success ? id.data : null, invalidRequest(read.error));
}

function invalid(id: RequestId | null, error: BarrageError): Envelope {
  return { kind: "invalid", id, error };
}

export interface ResultReply {
  readonly jsonrpc: "2.0";
  readonly id: RequestId;
  readonly result: unknown;
}

export interface ErrorReply {
  readonly jsonrpc: "2.0";
  readonly id: RequestId | null;
  readonly error: WireError;
}

export function resultReply(id: RequestId, result: unknown): ResultReply {
  return { jsonrpc: "2.0", id, result };
}

export function errorReply(id: RequestId | null, error: BarrageError): ErrorReply {
  return { jsonrpc: "2.0", id, error: toWire(error) };
}
