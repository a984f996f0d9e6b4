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
  /** Viewers spread over one, two, three nodes. */
  readonly spread: number;
  readonly kills: number;
  /** Parts to run; all when empty. */
  readonly only: readonly string[];
}

export const PARTS = [
  "fan-out",
  "frames",
  "memory",
  "commands",
  "start",
  "remote",
  "spread",
  "bus",
  "takeover",
  "hand-off",
  "accounts",
  "chat",
  "ai",
  "reads",
] as const;

export const USAGE = `deno task bench [options]

  --quick          small numbers, about two minutes: does everything still run?
  --write          put the tables into docs/BENCHMARKS.md
  --viewers N      viewers in the room (2000)
  --rate R         messages offered a second (500)
  --low-rate R     the lighter load, which every server should carry (20)
  --rounds N       each server is measured so often, taking turns; medians count (3)
  --window S       seconds measured each time (8)
  --idle N         idle viewers added for memory (5000)
  --spread N       viewers spread over one, two and three nodes (3000)
  --kills N        nodes killed to time the takeover, with the leases of a default node; 12 s each (21)
  --seed N         of the crowd's phrases (1)
  --only PART      a part of the run; may be repeated; with --write the tables of other parts stay as they are

Parts on one node, with peers side by side:
  fan-out          many viewers and many messages, then few messages
  frames           many viewers and few messages: the cost of a frame
  memory           idle viewers
  commands         calls of an actor in the same process
  start            from spawning the process to listening

Parts on a cluster of real servers (nats-server, PostgreSQL) and several nodes:
  remote           calls of an actor on another node, against the same process and against bare NATS
  spread           CPU per viewer as nodes go from one to three
  bus              bytes on the message server for each tick of a room, as its viewers grow
  takeover         from kill -9 of a node to the first ack in its rooms
  hand-off         how long a shard that moves, and a rolling deploy, make somebody wait

Parts on both:
  accounts         checking a token, signing in, and from the end of a session to its closed sockets
  chat             durable messages against bare inserts, from sending to receiving, a large group, a sync
  ai               slots used, time to the first token, streams a second, takeover of a pool
  reads            reads by id, merged and not, and a profile over HTTP (PostgreSQL, one node)`;

const FULL = {
  viewers: 2_000,
  rate: 500,
  window: 8,
  rounds: 3,
  idle: 5_000,
  frameViewers: 5_000,
  starts: 5,
  spread: 3_000,
  kills: 21,
};
const QUICK = {
  viewers: 200,
  rate: 100,
  window: 2,
  rounds: 1,
  idle: 400,
  frameViewers: 400,
  starts: 1,
  spread: 300,
  kills: 1,
};

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
      spread: { type: "string" },
      kills: { type: "string" },
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
    spread: whole("spread", values.spread, preset.spread, 100, 15_000),
    kills: whole("kills", values.kills, preset.kills, 1, 1_000),
    only: values.only,
  };
}

function whole(name: string, text: string | undefined, preset: number, least: number, most: number): number {
  if (text === undefined) return preset;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`Cannot use --${name} ${text}: it must be a whole number from ${least} to ${most}`);
}
