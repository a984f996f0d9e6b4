import { z } from "zod";
import { type BarrageError, ERRORS, type Reason } from "./errors.ts";

const REASONS = Object.keys(ERRORS) as [Reason, ...Reason[]];

/** application/problem+json (RFC 9457). */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  reason: z.enum(REASONS),
  path: z.string().optional(),
  retryAfterMs: z.int().nonnegative().optional(),
});
export type Problem = z.infer<typeof Problem>;

export function toProblem(error: BarrageError): Problem {
  const row = ERRORS[error.reason];
  return {
    type: `urn:barrage:error:${error.reason}`,
    title: row.title,
    status: row.status,
    detail: error.message,
    reason: error.reason,
    ...error.details,
  };
}
