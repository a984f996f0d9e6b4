import { makeDataDir, startBarrage } from "../servers/contenders.ts";

export interface StartTimes {
  /** From spawning the process to the line `listening on`, in ms, with an empty data directory. */
  readonly freshMs: number;
  /** The same with the data directory the run before left behind. */
  readonly againMs: number;
}

/** Starts Barrage twice in one data directory. Dependencies are cached by then: it has run before. */
export async function measureStart(): Promise<StartTimes> {
  const dataDir = await makeDataDir();
  return { freshMs: await timeToListening(dataDir), againMs: await timeToListening(dataDir) };
}

async function timeToListening(dataDir: string): Promise<number> {
  const before = performance.now();
  await using server = await startBarrage(dataDir);
  const ms = performance.now() - before;
  // The line is only worth its time if the server does answer.
  const health = await fetch(`${server.origin}/healthz`);
  if (!health.ok) throw new Error(`Cannot use the server: /healthz answers ${health.status}`);
  await health.body?.cancel();
  await server.stop();
  return ms;
}
