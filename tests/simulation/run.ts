import { violationsOf } from "./check.ts";
import { scheduleOf } from "./schedule.ts";
import { World, type WorldOptions } from "./world.ts";

export interface RunResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly answers: Readonly<Record<string, number>>;
  /** The same for the same seed, or the run does not replay. */
  readonly fingerprint: string;
}

export async function runSeed(seed: number, options: WorldOptions = {}): Promise<RunResult> {
  await using world = await World.open(scheduleOf(seed), options);
  await world.run();
  const violations = await violationsOf(world);
  const answers: Record<string, number> = {};
  for (const { state } of world.sent) answers[state] = (answers[state] ?? 0) + 1;
  const states = [...world.sent, ...world.armed].map(({ state }) => state).join();
  const commits = world.commits.map(({ key, epoch, process }) => `${process.name}/${key}/${epoch}`).join();
  const { routed, lost, nobody } = world.network.counts;
  const fingerprint = [world.timeline.events, routed, lost, nobody, states, commits].join("|");
  return { seed, violations, answers, fingerprint };
}
