import { percentile } from "../statistics.ts";
import { delay } from "../wait.ts";

export interface Latency {
  /** In ms. */
  readonly p50: number;
  readonly p99: number;
}

const LOW_LOAD_PAUSE_MS = 1;

/**
 * Calls per second of so many callers, each awaiting its call before the next. Every `sliceMs` all of them pause for a
 * moment: calls that never leave the process would keep timers and sockets waiting.
 */
export async function callsPerSecond(
  inFlight: number,
  call: () => Promise<unknown>,
  seconds: number,
  sliceMs = Infinity,
): Promise<number> {
  const began = performance.now();
  const end = began + seconds * 1_000;
  let calls = 0;
  while (performance.now() < end) {
    const sliceEnd = Math.min(end, performance.now() + sliceMs);
    const callers = Array.from({ length: inFlight }, async () => {
      while (performance.now() < sliceEnd) {
        await call();
        calls++;
      }
    });
    await Promise.all(callers);
    await delay(0);
  }
  return calls / (performance.now() - began) * 1_000;
}

/** One call after the other, with a pause between them. */
export async function latency(call: () => Promise<unknown>, seconds: number): Promise<Latency> {
  const times: number[] = [];
  for (const end = performance.now() + seconds * 1_000; performance.now() < end;) {
    const began = performance.now();
    await call();
    times.push(performance.now() - began);
    await delay(LOW_LOAD_PAUSE_MS);
  }
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}
