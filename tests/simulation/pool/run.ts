import type { RunResult } from "../run_result.ts";
import { poolViolationsOf } from "./check.ts";
import { poolScheduleOf } from "./schedule.ts";
import { PoolWorld, type PoolWorldOptions } from "./world.ts";

export async function runPool(seed: number, options: PoolWorldOptions = {}): Promise<RunResult> {
  const schedule = poolScheduleOf(seed);
  const world = new PoolWorld(schedule, options);
  await world.run();
  const answers: Record<string, number> = {};
  for (const { state } of world.answers) answers[state] = (answers[state] ?? 0) + 1;
  const states = world.answers.map(({ state, attempts }) => `${state} ${attempts}`).join();
  const fingerprint = [world.timeline.events, world.upstream.calls, states].join("|");
  return { seed, violations: poolViolationsOf(world, schedule), answers, fingerprint };
}
