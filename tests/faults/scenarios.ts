import { AI_SCENARIOS } from "./ai_scenarios.ts";
import { REDIS_CUT, REDIS_PAUSE, REDIS_RESTART } from "./cache_scenarios.ts";
import { CLOCKS, KILL, PAUSE, ROLLING } from "./node_scenarios.ts";
import { CHAT_SCENARIOS } from "./chat_scenarios.ts";
import { CUT_SCENARIOS } from "./link_scenarios.ts";
import { JOIN, SLOW, STORM } from "./load_scenarios.ts";
import type { Scenario } from "./scenario.ts";
import { NATS_CLUSTER, NATS_RESTART, POSTGRES_RESTART, POSTGRES_STOP } from "./server_scenarios.ts";

/** The fault table, row by row. */
export const SCENARIOS: readonly Scenario[] = [
  KILL,
  ROLLING,
  PAUSE,
  ...CUT_SCENARIOS,
  NATS_RESTART,
  NATS_CLUSTER,
  POSTGRES_RESTART,
  POSTGRES_STOP,
  REDIS_RESTART,
  REDIS_CUT,
  REDIS_PAUSE,
  CLOCKS,
  SLOW,
  JOIN,
  STORM,
  ...CHAT_SCENARIOS,
  ...AI_SCENARIOS,
];

/** One of each kind, in an order that leaves a whole cluster behind. */
export const SHORT_SCENARIOS: readonly Scenario[] = [
  KILL,
  ROLLING,
  PAUSE,
  ...CUT_SCENARIOS.slice(0, 3),
  NATS_RESTART,
  POSTGRES_RESTART,
  REDIS_RESTART,
  REDIS_PAUSE,
  SLOW,
  STORM,
];
