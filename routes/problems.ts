import { getLogger } from "@logtape/logtape";
import { HTTPException } from "hono/http-exception";
import { BarrageError, type Reason } from "protocol/errors.ts";
import { type Problem, toProblem } from "protocol/problem.ts";
import { NO_SNIFFING } from "./no_sniffing.ts";

const log = getLogger(["barrage", "http"]);

const BY_STATUS: Readonly<Record<number, Reason>> = {
  400: "parse",
  404: "unknown_method",
  413: "too_large",
  415: "invalid_request",
};

/** The answer to any failure: application/problem+json (RFC 9457). What was not foreseen is logged and shows no cause. */
export function problemResponse(error: unknown): Response {
  const known = knownError(error);
  if (known.reason === "internal") log.error("Request failed: {error}", { error });
  const problem: Problem = toProblem(known);
  const headers = new Headers({
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    ...NO_SNIFFING,
  });
  if (problem.retryAfterMs !== undefined) {
    headers.set("retry-after", String(Math.max(1, Math.ceil(problem.retryAfterMs / 1_000))));
  }
  if (problem.status === 401) headers.set("www-authenticate", "Bearer");
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}

/** Failures of the library are among ours. */
export function knownError(error: unknown): BarrageError {
  if (error instanceof HTTPException) {
    const reason = BY_STATUS[error.status];
    const detail = error.status === 415 ? "Cannot read the body: send it as application/json" : undefined;
    if (reason !== undefined) return new BarrageError(reason, detail, { cause: error });
  }
  return BarrageError.from(error);
}
