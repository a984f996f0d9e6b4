import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { RunResult } from "./run.ts";

/** Runs seeds on several threads; every schedule runs alone on its thread. */
export async function runSeeds(
  seeds: Iterable<number>,
  threads: number,
  done: (result: RunResult) => void,
): Promise<void> {
  const queue = seeds[Symbol.iterator]();
  await Promise.all(Array.from({ length: threads }, () => runThread(queue, done)));
}

async function runThread(queue: Iterator<number>, done: (result: RunResult) => void): Promise<void> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url));
  try {
    for (let next = queue.next(); next.done !== true; next = queue.next()) {
      worker.postMessage(next.value);
      const [result] = await once(worker, "message");
      done(result);
    }
  } finally {
    await worker.terminate();
  }
}
