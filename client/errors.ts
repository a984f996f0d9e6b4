import type { ErrorDetails, Reason, WireError } from "protocol/errors.ts";

/** A call that failed. `reason` comes from the closed table in protocol/errors.ts. */
export class BarrageCallError extends Error {
  override readonly name = "BarrageCallError";
  readonly reason: Reason;
  readonly retryAfterMs: number | undefined;
  readonly path: string | undefined;

  constructor(reason: Reason, message: string, details: ErrorDetails & { cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.reason = reason;
    this.retryAfterMs = details.retryAfterMs;
    this.path = details.path;
  }

  static fromWire(error: WireError): BarrageCallError {
    return new BarrageCallError(error.data?.reason ?? "internal", error.message, error.data);
  }
}
