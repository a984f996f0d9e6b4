import { REDIS_RESTART } from "./cache_scenarios.ts";
import { KILL, PAUSE, ROLLING } from "./node_scenarios.ts";
import { pause, type Scenario } from "./scenario.ts";
import { NATS_RESTART, POSTGRES_RESTART } from "./server_scenarios.ts";
import { takeoverMs, type Tempo } from "./tempo.ts";

/** What an answer itself takes, and the second for which a new owner of a pool starts nothing. */
const ANSWER_MS = 6_000;
/** The longest silence of an answer's usual 1.2 s, on a machine that does nothing else. */
const CALM_MS = 1_500;
/** On top of its term, until a slot whose call died with its node is lent again. */
const LAPSE_MS = 1_500;
/** A new owner waits for what may still have been told by the one before. */
const TOLD_MS = 5_000;

/** However slow the machine is: its own pace was measured first. */
function answered(tempo: Tempo, calmMs: number): number {
  const slowness = Math.max(1, calmMs / CALM_MS);
  const lapseMs = tempo.slotTermSeconds * 1_050 + LAPSE_MS + TOLD_MS;
  return (takeoverMs(tempo) + lapseMs + ANSWER_MS) * slowness;
}

function answeredAfterOutage(tempo: Tempo, calmMs: number): number {
  return answered(tempo, calmMs) + tempo.outageMs;
}

/** The same hurt, while people ask AI models. Their clients connect anew when their node has gone. */
function inAi(scenario: Scenario, rounds: number, changed: Partial<Scenario> = {}): Scenario {
  return {
    ...scenario,
    name: `ai: ${scenario.name}`,
    company: "ai",
    rounds,
    silenceMaxMs: answered,
    mayFail: true,
    ...changed,
  };
}

const CALM: Scenario = {
  name: "ai: an upstream that breaks streams, and more askers than slots",
  expected: "nobody sees the seams; no limit is passed; all are served alike",
  company: "ai",
  rounds: 6,
  calm: true,
  silenceMaxMs: () => ANSWER_MS,
  async run({ crowd, tempo, rounds }) {
    for (let round = 0; round < rounds; round++) {
      await pause(tempo.measureMs);
      await crowd.untilAcked();
    }
  },
};

export const AI_SCENARIOS: readonly Scenario[] = [
  CALM,
  inAi(KILL, 10),
  inAi(ROLLING, 3),
  inAi(PAUSE, 5, { silenceMaxMs: answeredAfterOutage }),
  inAi(NATS_RESTART, 3, { silenceMaxMs: answeredAfterOutage }),
  inAi(POSTGRES_RESTART, 3),
  inAi(REDIS_RESTART, 1),
];

/** Both at once, for a build machine has no time for one after the other. */
const PAUSE_AND_KILL: Scenario = {
  name: "ai: SIGSTOP a node for longer than its lease, and kill -9 another meanwhile",
  expected: "the one that is left takes over; no stale call is made",
  company: "ai",
  rounds: 1,
  silenceMaxMs: answeredAfterOutage,
  async run({ world, crowd, chance, tempo, rounds }) {
    for (let round = 0; round < rounds; round++) {
      const paused = chance.of(world.members);
      const killed = chance.of(world.members.filter((member) => member !== paused));
      paused.pause();
      await killed.kill();
      await pause(tempo.outageMs);
      paused.resume();
      await killed.restart();
      await Promise.all([paused.untilReady(), killed.untilReady()]);
      await crowd.untilAcked();
    }
  },
};

/** One of each kind that matters most. */
export const SHORT_AI_SCENARIOS: readonly Scenario[] = [
  // Here it is no test of the machine, but what the others are measured by.
  { ...CALM, rounds: 1, silenceMaxMs: () => Infinity },
  inAi(POSTGRES_RESTART, 1),
  PAUSE_AND_KILL,
];
