import { pause, type Scenario } from "./scenario.ts";
import { Storm } from "./storm.ts";
import { takeoverMs } from "./tempo.ts";

const ALL_BACK_MS = 30_000;
/** The SDK takes a link that lived for less than 5 s for a failed one, and waits longer before the next. */
const STEADY_MS = 6_000;

export const SLOW: Scenario = {
  name: "slow links, changing, and a kill while they are slow",
  expected: "slower, nothing else; others take over as ever",
  rounds: 10,
  silenceMaxMs: takeoverMs,
  async run({ world, crowd, chance, tempo, rounds }) {
    for (let round = 0; round < rounds; round++) {
      for (const { nats, postgres } of world.members) {
        for (const link of [...nats, postgres]) link.slowDown(chance.below(tempo.delayMaxMs));
      }
      await pause(tempo.calmMs);
      await crowd.untilAcked();
    }
    await chance.of(world.members).kill();
    await crowd.untilAcked();
    await world.heal();
  },
};

export const JOIN: Scenario = {
  name: "add a node",
  expected: "no failed call; it gets its share",
  rounds: 2,
  silenceMaxMs: ({ slackMs }) => slackMs,
  mayFail: false,
  async run({ world, crowd, tempo, rounds, complain }) {
    for (let round = 0; round < rounds; round++) {
      const member = await world.addNode();
      await pause(tempo.settleMs + tempo.leaseRenewMs * 2 + tempo.slackMs);
      await crowd.untilAcked();
      if (await member.shards() === 0) complain(`${member.name} has joined and got no shards`);
    }
  },
};

export const STORM: Scenario = {
  name: "all clients reconnect at once",
  expected: "all back within 30 s, no node falls over",
  rounds: 3,
  silenceMaxMs: () => ALL_BACK_MS,
  async run({ world, crowd, tempo, rounds, complain, note }) {
    using storm = await Storm.gather(world.url, crowd.rooms, tempo.stormClients);
    const seconds: string[] = [];
    for (let round = 0; round < rounds; round++) {
      if (round > 0) await pause(STEADY_MS);
      world.front.cut();
      await storm.untilAway();
      world.front.heal();
      const ms = await storm.untilBack(ALL_BACK_MS * 2);
      seconds.push((ms / 1_000).toFixed(1));
      if (ms > ALL_BACK_MS) complain(`The clients were back only after ${Math.round(ms)} ms`);
      await crowd.untilAcked();
    }
    note(`${tempo.stormClients} clients back after ${seconds.join(", ")} s`);
    for (const { name, life } of world.members) if (life !== "running") complain(`${name} fell over`);
  },
};
