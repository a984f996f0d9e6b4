import { whole } from "./setting.ts";

/** Of switches, and of the load by which a node turns them on. */
export const SWITCH_SETTINGS = {
  switches: {
    pollMs: whole("SWITCH_POLL_MS", 3_000, 100, 60_000, "How often a node looks which switches are set"),
    lagMs: whole(
      "LOAD_LAG_MS",
      1_000,
      0,
      60_000,
      "So late timers are when it is too much; 0 for not looked at",
    ),
    commitsWaiting: whole(
      "LOAD_COMMITS_WAITING",
      10_000,
      0,
      1_000_000,
      "So many writes wait for the database when it is too much; 0 for not looked at",
    ),
    sendQueueBytes: whole(
      "LOAD_SEND_QUEUE_BYTES",
      268_435_456,
      0,
      1_099_511_627_776,
      "So much waits for slow readers, all of them together, when it is too much; 0 for not looked at",
    ),
    riseMs: whole(
      "LOAD_RISE_MS",
      3_000,
      100,
      600_000,
      "For so long it is too much before the next switch is turned on",
    ),
    fallMs: whole(
      "LOAD_FALL_MS",
      15_000,
      100,
      3_600_000,
      "For so long it is calm before the last one is turned off",
    ),
  },
} as const;
