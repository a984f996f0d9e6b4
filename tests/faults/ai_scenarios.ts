import { REDIS_RESTART } from "./cache_scenarios.ts";
import { KILL, PAUSE, ROLLING } from "./node_scenarios.ts";
import { pause, type Scenario } from "./scenario.ts";
import { NATS_RESTART, POSTGRES_RESTART } from "./server_scenarios.ts";
import { takeoverMs, type Tempo } from "./tempo.ts";

/** What an answer itself takes, and the second for which a new owner of a pool starts nothing. */
const ANSWER_MS = 6_000;
/** Slots whose calls died with their node come back when their leases have run out. */
const LAPSE_MS = 16_500;
const CALM_ROUND_MS = 10_000;

function answered(tempo: Tempo): number {
  return takeoverMs(tempo) + LAPSE_MS + ANSWER_MS;
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
  silenceMaxMs: () => ANSWER_MS,
  async run({ crowd, rounds }) {
    for (let round = 0; round < rounds; round++) {
      await pause(CALM_ROUND_MS);
      await crowd.untilAcked();
    }
  },
};

export const AI_SCENARIOS: readonly Scenario[] = [
  CALM,
  inAi(KILL, 10),
  inAi(ROLLING, 3),
  inAi(PAUSE, 5, { silenceMaxMs: (tempo) => answered(tempo) + tempo.outageMs }),
  inAi(NATS_RESTART, 3, { silenceMaxMs: (tempo) => answered(tempo) + tempo.outageMs }),
  inAi(POSTGRES_RESTART, 3),
  inAi(REDIS_RESTART, 1),
];

/** One of each kind that matters most. */
export const SHORT_AI_SCENARIOS: readonly Scenario[] = [
  { ...CALM, rounds: 1 },
  inAi(KILL, 2),
  inAi(PAUSE, 1, { silenceMaxMs: (tempo) => answered(tempo) + tempo.outageMs }),
  inAi(POSTGRES_RESTART, 1),
];
