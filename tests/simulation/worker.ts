import { parentPort } from "node:worker_threads";
import { runSeed } from "./run.ts";

/** Runs the seeds it is sent, one after the other, and sends each result back. */
parentPort?.on("message", async (seed: number) => {
  parentPort?.postMessage(await runSeed(seed));
});
