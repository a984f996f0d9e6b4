import { REDIS_RESTART } from "./cache_scenarios.ts";
import { CUT_SCENARIOS } from "./link_scenarios.ts";
import { CLOCKS, KILL, PAUSE, ROLLING } from "./node_scenarios.ts";
import type { Scenario } from "./scenario.ts";
import { NATS_RESTART, POSTGRES_RESTART } from "./server_scenarios.ts";
import { takeoverMs, type Tempo } from "./tempo.ts";

/** CALL_TIMEOUT_MS */
const CALL_MS = 5_000;

/** The same hurt, while people chat instead of talking in rooms. */
function inChat(scenario: Scenario, rounds: number, changed: Partial<Scenario> = {}): Scenario {
  return { ...scenario, name: `chat: ${scenario.name}`, company: "chat", rounds, ...changed };
}

const [CUT_BUS, SILENCE_BUS, CUT_DATABASE] = CUT_SCENARIOS as [Scenario, Scenario, Scenario];
/** These clients do not move before their node goes: they connect anew when it has gone. */
const MOVING = { silenceMaxMs: takeoverMs, mayFail: true };
/** The only one who speaks waits for the call that was on its way when others took over. */
const ALONE = { silenceMaxMs: (tempo: Tempo) => takeoverMs(tempo) + CALL_MS };
/** Each of them stays with his node while that is cut off, and waits. */
const STAYING = { silenceMaxMs: (tempo: Tempo) => takeoverMs(tempo) + tempo.outageMs };

export const CHAT_SCENARIOS: readonly Scenario[] = [
  inChat(KILL, 10),
  inChat(ROLLING, 3, MOVING),
  inChat(PAUSE, 5, ALONE),
  inChat(CUT_BUS, 2, STAYING),
  inChat(SILENCE_BUS, 2, STAYING),
  inChat(CUT_DATABASE, 2),
  inChat(NATS_RESTART, 5),
  inChat(POSTGRES_RESTART, 5),
  inChat(REDIS_RESTART, 3),
  inChat(CLOCKS, 3),
];

/** One of each kind. */
export const SHORT_CHAT_SCENARIOS: readonly Scenario[] = [
  inChat(KILL, 1),
  inChat(PAUSE, 1, ALONE),
  inChat(NATS_RESTART, 1),
  inChat(POSTGRES_RESTART, 1),
  inChat(REDIS_RESTART, 1),
];
