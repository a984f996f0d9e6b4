import { getLogger } from "@logtape/logtape";
import type { AnswerError } from "protocol/ai.ts";
import { BarrageError, ERRORS, type Reason } from "protocol/errors.ts";
import { knownError } from "../problems.ts";

const log = getLogger(["barrage", "http"]);

/** OpenAI's clients choose their error class by the status and show the rest. */
interface OpenAiError {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

const TYPES: Partial<Record<Reason, string>> = {
  unauthenticated: "authentication_error",
  forbidden: "permission_error",
  not_found: "not_found_error",
  rate_limited: "rate_limit_error",
  overloaded: "rate_limit_error",
};
const CODES: Partial<Record<Reason, string>> = {
  unauthenticated: "invalid_api_key",
  not_found: "model_not_found",
  rate_limited: "rate_limit_exceeded",
  too_large: "context_length_exceeded",
};
/** Where clients expect another status than ours. */
const STATUS: Partial<Record<Reason, number>> = { invalid_params: 400, too_large: 400, overloaded: 429 };

export function errorBody(error: BarrageError): OpenAiError {
  const { reason, message, details } = error;
  const status = statusOf(error);
  const type = TYPES[reason] ?? (status >= 500 ? "server_error" : "invalid_request_error");
  const param = details.path?.replace(/^body\./, "") ?? null;
  return { error: { message, type, param, code: CODES[reason] ?? reason } };
}

export function errorResponse(error: unknown): Response {
  const known = knownError(error);
  if (known.reason === "internal") log.error("Request failed: {error}", { error });
  const headers = new Headers({ "content-type": "application/json" });
  const { retryAfterMs } = known.details;
  if (retryAfterMs !== undefined) {
    headers.set("retry-after-ms", String(retryAfterMs));
    headers.set("retry-after", String(Math.max(1, Math.ceil(retryAfterMs / 1_000))));
  }
  const status = statusOf(known);
  if (status === 401) headers.set("www-authenticate", "Bearer");
  return new Response(JSON.stringify(errorBody(known)), { status, headers });
}

/** An answer's end as the failure of a request. */
export function failureOf({ reason, message, retryAfterMs }: AnswerError): BarrageError {
  const known: Reason = Object.hasOwn(ERRORS, reason) ? reason as Reason : "internal";
  // What moderation refuses is the request's fault, not that of who asks.
  if (known === "forbidden") return new BarrageError("invalid_params", message);
  return new BarrageError(known, message, retryAfterMs === undefined ? {} : { retryAfterMs });
}

function statusOf({ reason }: BarrageError): number {
  return STATUS[reason] ?? ERRORS[reason].status;
}
