import { parseArgs } from "node:util";

export interface Options {
  readonly quick: boolean;
  readonly write: boolean;
  readonly rounds: number;
  readonly viewers: number;
  readonly rate: number;
  readonly lowRate: number;
  readonly windowMs: number;
  readonly seed: number;
  /** Viewers of the frame-rate comparison, and how many messages a second feed it. */
  readonly frameViewers: number;
  readonly frameRate: number;
  readonly idle: number;
  readonly commandSeconds: number;
  readonly starts: number;
  /** Parts to run; all when empty. */
  readonly only: readonly string[];
}

export const PARTS = ["fan-out", "frames", "memory", "commands", "start"] as const;

export const USAGE = `deno task bench [options]

  --quick          small numbers, under a minute: does everything still run?
  --write          put the tables into docs/BENCHMARKS.md
  --viewers N      viewers in the room (2000)
  --rate R         messages offered a second (500)
  --low-rate R     the lighter load, which every server should carry (20)
  --rounds N       each server is measured so often, taking turns; medians count (3)
  --window S       seconds measured each time (8)
  --idle N         idle viewers added for memory (5000)
  --only PART      one of ${PARTS.join(", ")}; may be repeated
  --seed N         of the crowd's phrases (1)`;

const FULL = { viewers: 2_000, rate: 500, window: 8, rounds: 3, idle: 5_000, frameViewers: 5_000, starts: 5 };
const QUICK = { viewers: 200, rate: 100, window: 2, rounds: 1, idle: 400, frameViewers: 400, starts: 1 };

/** @throws {Error} for an option that does not exist or is out of its bounds. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      viewers: { type: "string" },
      rate: { type: "string" },
      "low-rate": { type: "string" },
      rounds: { type: "string" },
      window: { type: "string" },
      idle: { type: "string" },
      only: { type: "string", multiple: true, default: [] },
      seed: { type: "string" },
    },
  });
  const preset = values.quick ? QUICK : FULL;
  for (const part of values.only) {
    if (!PARTS.some((known) => known === part)) throw new Error(`Cannot run ${part}: there is no such part`);
  }
  return {
    quick: values.quick,
    write: values.write,
    rounds: whole("rounds", values.rounds, preset.rounds, 1, 20),
    viewers: whole("viewers", values.viewers, preset.viewers, 100, 15_000),
    rate: whole("rate", values.rate, preset.rate, 1, 5_000),
    lowRate: whole("low-rate", values["low-rate"], 20, 1, 5_000),
    windowMs: whole("window", values.window, preset.window, 1, 60) * 1_000,
    seed: whole("seed", values.seed, 1, 0, 2 ** 31),
    frameViewers: preset.frameViewers,
    frameRate: 50,
    idle: whole("idle", values.idle, preset.idle, 100, 15_000),
    commandSeconds: values.quick ? 0.5 : 3,
    starts: preset.starts,
    only: values.only,
  };
}

function whole(name: string, text: string | undefined, preset: number, least: number, most: number): number {
  if (text === undefined) return preset;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`Cannot use --${name} ${text}: it must be a whole number from ${least} to ${most}`);
}
