/**
 * Checks passwords in threads, as signing in does, and prints one line of JSON: milliseconds for one, how many a second
 * all threads do, and how late the event loop's timers are while so many a second are offered. Arguments: seconds per
 * case, threads, logins a second.
 */
import { Drops } from "actors/runtime/drops.ts";
import { BarrageError } from "protocol/errors.ts";
import { Passwords } from "routes/passwords.ts";
import { percentile } from "../statistics.ts";
import { delay } from "../wait.ts";
import { callsPerSecond } from "./pace.ts";

const PROBE_MS = 5;

const [seconds = 3, workers = 2, offered = 50] = Deno.args.map(Number);
using passwords = new Passwords({
  ...{ workers, queueMax: 64, drops: new Drops() },
  cost: { memoryKib: 19_456, iterations: 2 },
});
const hash = await passwords.choose("correct horse battery", []);
const check = () => passwords.verify(hash, "correct horse battery");
await Promise.all(Array.from({ length: workers }, check));

const oneMs = 1_000 / await callsPerSecond(1, check, seconds);
const perSecond = await callsPerSecond(workers, check, seconds);

/** How late each of many short timers is, in ms. */
async function lags(until: Promise<unknown>): Promise<number[]> {
  const late: number[] = [];
  let over = false;
  until.finally(() => over = true);
  while (!over) {
    const began = performance.now();
    await delay(PROBE_MS);
    late.push(Math.max(0, performance.now() - began - PROBE_MS));
  }
  return late;
}

let refused = 0;
async function offer(): Promise<void> {
  const running: Promise<unknown>[] = [];
  for (let n = 0; n < seconds * offered; n++) {
    running.push(
      check().catch((error) => {
        if (!(error instanceof BarrageError) || error.reason !== "overloaded") throw error;
        refused++;
      }),
    );
    await delay(1_000 / offered);
  }
  await Promise.all(running);
}

const idle = await lags(delay(seconds * 1_000));
const busy = await lags(offer());
const lagMs = {
  idleP99: percentile(idle, 0.99),
  p50: percentile(busy, 0.5),
  p99: percentile(busy, 0.99),
};
console.log(JSON.stringify({ oneMs, perSecond, offered, refused, lagMs }));
