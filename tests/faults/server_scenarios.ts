import { pause, type Scenario } from "./scenario.ts";
import { takeoverMs } from "./tempo.ts";

const LONG_STOP = 1.5;

export const NATS_RESTART: Scenario = {
  name: "kill -9 nats-server and start it again",
  expected: "all heals without a manual step",
  rounds: 5,
  silenceMaxMs: (tempo) => takeoverMs(tempo) + tempo.outageMs,
  async run({ world, crowd, chance, tempo, rounds }) {
    for (let round = 0; round < rounds; round++) {
      const [server] = world.servers.nats;
      await server?.kill();
      // Sometimes so long that every node gives its shards up.
      await pause(round % 2 === 0 ? chance.below(1_000) : tempo.outageMs / 2);
      await server?.start();
      await crowd.untilAcked();
      await pause(tempo.calmMs);
    }
  },
};

export const NATS_CLUSTER: Scenario = {
  name: "kill -9 each of three clustered nats-servers in turn",
  expected: "nodes go to another one",
  world: { natsServers: 3 },
  rounds: 3,
  silenceMaxMs: takeoverMs,
  async run({ world, crowd, tempo, rounds }) {
    for (let round = 0; round < rounds; round++) {
      for (const server of world.servers.nats) {
        await server.kill();
        await pause(tempo.outageMs / 2);
        await server.start();
        await crowd.untilAcked();
        await pause(tempo.calmMs);
      }
    }
  },
};

export const POSTGRES_RESTART: Scenario = {
  name: "kill -9 the database and start it again",
  expected: "nothing acked is lost; service returns by itself",
  rounds: 5,
  silenceMaxMs: takeoverMs,
  async run({ world, crowd, tempo, rounds }) {
    for (let round = 0; round < rounds; round++) {
      await world.servers.postgres.kill();
      await world.servers.postgres.start();
      await crowd.untilAcked();
      await pause(tempo.calmMs);
    }
  },
};

export const POSTGRES_STOP: Scenario = {
  name: "stop the database for longer than a lease",
  expected: "writes answer unavailable; nothing acked is lost; service returns by itself",
  rounds: 2,
  silenceMaxMs: (tempo) => takeoverMs(tempo) + tempo.outageMs * LONG_STOP,
  async run({ world, crowd, tempo, rounds }) {
    for (let round = 0; round < rounds; round++) {
      await world.servers.postgres.kill();
      await pause(tempo.outageMs * LONG_STOP);
      await world.servers.postgres.start();
      await crowd.untilAcked();
      await pause(tempo.calmMs);
    }
  },
};
