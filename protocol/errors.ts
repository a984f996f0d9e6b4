/**
 * Every failure a caller can see. `code` is the JSON-RPC 2.0 code (-32700..-32600 are the specification's own,
 * -32000..-32099 ours), `status` the HTTP one, `retry` tells whether the same call may succeed later.
 */
export const ERRORS = {
  parse: { code: -32700, status: 400, retry: false, title: "The frame or body cannot be parsed" },
  invalid_request: { code: -32600, status: 400, retry: false, title: "The envelope is not a valid request" },
  unknown_method: { code: -32601, status: 404, retry: false, title: "No such method or route" },
  invalid_params: { code: -32602, status: 422, retry: false, title: "A parameter is missing or wrong" },
  internal: { code: -32603, status: 500, retry: false, title: "The server failed" },
  unauthenticated: { code: -32001, status: 401, retry: false, title: "A valid token is needed" },
  forbidden: { code: -32003, status: 403, retry: false, title: "Not allowed" },
  confirmation_required: {
    code: -32033,
    status: 403,
    retry: false,
    title: "The password has to be given again first",
  },
  not_found: { code: -32004, status: 404, retry: false, title: "Not found" },
  conflict: { code: -32009, status: 409, retry: false, title: "The present state does not allow this" },
  gone: { code: -32010, status: 410, retry: false, title: "It has ended" },
  too_large: { code: -32013, status: 413, retry: false, title: "Too large" },
  rate_limited: { code: -32029, status: 429, retry: true, title: "Too many calls" },
  muted: { code: -32031, status: 403, retry: true, title: "Muted in this room" },
  blocked: { code: -32032, status: 403, retry: false, title: "Blocked by the receiver" },
  cycle: { code: -32040, status: 500, retry: false, title: "Actors call each other in a circle" },
  moved: { code: -32041, status: 503, retry: true, title: "Owned by another node" },
  overloaded: { code: -32050, status: 503, retry: true, title: "Too much work is waiting" },
  expired: { code: -32051, status: 504, retry: true, title: "The deadline passed before the work began" },
  timeout: { code: -32052, status: 504, retry: true, title: "No answer in time; the outcome is unknown" },
  read_only: { code: -32054, status: 503, retry: true, title: "For now the server can only be read" },
  unavailable: { code: -32053, status: 503, retry: true, title: "Not available right now" },
} as const satisfies Record<string, { code: number; status: number; retry: boolean; title: string }>;

export type Reason = keyof typeof ERRORS;

export interface ErrorDetails {
  /** Milliseconds to wait before trying again; only on reasons that may be retried. */
  readonly retryAfterMs?: number;
  /** Where in the input, as a dotted path: `params.text`. */
  readonly path?: string;
}

/** A failure with a reason from the closed table. Its message is shown to the caller, so it carries no secret. */
export class BarrageError extends Error {
  override readonly name = "BarrageError";
  readonly reason: Reason;
  readonly details: ErrorDetails;

  constructor(reason: Reason, message?: string, options: ErrorDetails & { cause?: unknown } = {}) {
    const { cause, ...details } = options;
    super(message ?? ERRORS[reason].title, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.details = details;
  }

  /** The one funnel: what is not already a BarrageError becomes `internal`, and its text stays on the server. */
  static from(error: unknown): BarrageError {
    return error instanceof BarrageError ? error : new BarrageError("internal", undefined, { cause: error });
  }
}

/** The error as it travels: JSON-RPC `error` objects and bus replies. */
export interface WireError {
  readonly code: number;
  readonly message: string;
  readonly data: { readonly reason: Reason } & ErrorDetails;
}

export function toWire(error: BarrageError): WireError {
  return {
    code: ERRORS[error.reason].code,
    message: error.message,
    data: { reason: error.reason, ...error.details },
  };
}
