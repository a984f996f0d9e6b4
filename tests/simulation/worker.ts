import { parentPort } from "node:worker_threads";
import { type Kind, runSeed } from "./run.ts";

/** Runs the seeds it is sent, one after the other, and sends each result back. */
parentPort?.on("message", async ({ seed, kind }: { seed: number; kind: Kind }) => {
  parentPort?.postMessage(await runSeed(seed, { kind }));
});
