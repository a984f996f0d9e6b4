import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Kind } from "./run.ts";
import type { RunResult } from "./run_result.ts";

/** Runs seeds on several threads; every schedule runs alone on its thread. */
export async function runSeeds(
  seeds: Iterable<number>,
  threads: number,
  done: (result: RunResult) => void,
  kind: Kind = "ledger",
): Promise<void> {
  const queue = seeds[Symbol.iterator]();
  await Promise.all(Array.from({ length: threads }, () => runThread(queue, kind, done)));
}

async function runThread(
  queue: Iterator<number>,
  kind: Kind,
  done: (result: RunResult) => void,
): Promise<void> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url));
  try {
    for (let next = queue.next(); next.done !== true; next = queue.next()) {
      worker.postMessage({ seed: next.value, kind });
      const [result] = await once(worker, "message");
      done(result);
    }
  } finally {
    await worker.terminate();
  }
}
