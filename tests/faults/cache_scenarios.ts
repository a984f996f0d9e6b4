import { pause, type Scenario, type Stage } from "./scenario.ts";
import { Visitor } from "./visitor.ts";

/** A list may be this old, the time of reading it aside. */
const LIST_MAX_MS = 1_000;

/** Hurts the cache while people talk and a visitor uses what is cached; afterwards every node must use it again. */
function scenarioOf(
  name: string,
  rounds: number,
  hurt: (stage: Stage, round: number) => Promise<void>,
): Scenario {
  return {
    name,
    expected: "slower at most: no failed call, no list older than it may be",
    rounds,
    silenceMaxMs: ({ slackMs }) => slackMs,
    mayFail: false,
    async run(stage) {
      const { world, crowd, tempo, complain, note } = stage;
      await using visitor = new Visitor(world.url);
      for (let round = 0; round < stage.rounds; round++) {
        await pause(tempo.calmMs);
        await hurt(stage, round);
        await Promise.all(world.members.map((member) => member.untilCached()));
        await crowd.untilAcked();
      }
      await visitor.stop();
      const { visits, slowestMs, oldestMs } = visitor;
      const slowest = Math.round(slowestMs);
      const oldest = Math.round(oldestMs);
      note(`${visits} visits, the slowest request ${slowest} ms, the oldest list ${oldest} ms`);
      // One that hangs with the cache takes as long as the outage.
      const slowestMax = Math.min(tempo.slackMs, tempo.outageMs / 2);
      if (slowest > slowestMax) complain(`A request took ${slowest} ms, at most ${slowestMax} are allowed`);
      const oldestMax = LIST_MAX_MS + tempo.slackMs;
      if (oldest > oldestMax) complain(`A list was ${oldest} ms old, at most ${oldestMax} are allowed`);
    },
  };
}

export const REDIS_RESTART = scenarioOf(
  "kill -9 the cache and start it again",
  5,
  async ({ world: { servers: { redis } }, chance, tempo }, round) => {
    await redis.kill();
    await pause(round % 2 === 0 ? chance.below(1_000) : tempo.outageMs / 2);
    await redis.start();
  },
);

export const REDIS_CUT = scenarioOf(
  "cut nodes from the cache",
  2,
  async ({ world, chance, tempo }, round) => {
    const victims = round % 2 === 0 ? world.members : [chance.of(world.members)];
    for (const { redis } of victims) redis.cut();
    await pause(tempo.outageMs);
    for (const { redis } of victims) redis.heal();
  },
);

export const REDIS_PAUSE = scenarioOf(
  "SIGSTOP the cache",
  2,
  async ({ world: { servers: { redis } }, tempo }) => {
    await redis.pause();
    await pause(tempo.outageMs);
    redis.resume();
  },
);
