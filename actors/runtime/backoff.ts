/**
 * Exponential backoff with full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015), never
 * below half of the step so that a restart loop stays slow.
 */
export function backoffMs(attempt: number, random: () => number, baseMs: number, maxMs: number): number {
  const step = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(step / 2 + random() * step / 2);
}
