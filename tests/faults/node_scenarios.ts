import { pause, type Scenario, type Stage } from "./scenario.ts";
import { takeoverMs } from "./tempo.ts";

const HOUR_MS = 3_600_000;
/** A tick of 100 ms, and as much again for all that a hand-off costs. */
const DEPLOY_GAP_MS = 200;

async function kill({ world, crowd, chance, tempo, rounds }: Stage): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const victim = chance.of(world.members);
    await victim.kill();
    // Back at once, while others still believe it alive, or only when they have taken over.
    if (chance.below(2) === 0) await pause(chance.below(1_000));
    else await crowd.untilAcked(takeoverMs(tempo) * 2);
    await victim.restart();
    await victim.untilReady();
    await crowd.untilAcked(takeoverMs(tempo) * 2);
    await pause(chance.below(tempo.calmMs));
  }
}

export const KILL: Scenario = {
  name: "kill -9 a node",
  expected: "others take over within the lease; clients resume",
  rounds: 50,
  silenceMaxMs: takeoverMs,
  run: kill,
};

export const CLOCKS: Scenario = {
  name: "clocks an hour ahead and an hour back",
  expected: "no effect on ownership, ids stay unique",
  world: { skewMs: [HOUR_MS, -HOUR_MS] },
  rounds: 6,
  silenceMaxMs: takeoverMs,
  run: kill,
};

export const ROLLING: Scenario = {
  name: "rolling deploy (SIGTERM each node in turn)",
  expected: "no failed call; nobody waits long",
  rounds: 10,
  silenceMaxMs: ({ stallMs }) => DEPLOY_GAP_MS + stallMs,
  mayFail: false,
  async run({ world, crowd, tempo, rounds, complain }) {
    for (let round = 0; round < rounds; round++) {
      for (const member of world.members) {
        const code = await member.leave();
        if (code !== 0) complain(`${member.name} ended with ${code} on SIGTERM`);
        await member.restart();
        await member.untilReady();
        await crowd.untilAcked();
        await pause(tempo.calmMs);
      }
    }
  },
};

export const PAUSE: Scenario = {
  name: "SIGSTOP a node for longer than its lease",
  expected: "its stale work has no visible effect",
  rounds: 5,
  silenceMaxMs: takeoverMs,
  async run({ world, crowd, chance, tempo, rounds }) {
    for (let round = 0; round < rounds; round++) {
      const victim = chance.of(world.members);
      victim.pause();
      await pause(tempo.outageMs);
      victim.resume();
      await victim.untilReady();
      await crowd.untilAcked();
      await pause(tempo.calmMs);
    }
  },
};
