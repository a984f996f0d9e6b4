import { choice, whole } from "./setting.ts";

/** Of reads by id: looking up, merging, caching. */
export const READ_SETTINGS = {
  reads: {
    parallel: whole("LOOKUP_PARALLEL", 4, 1, 64, "Queries for cards of one kind that a node has under way"),
    slowMs: whole("LOOKUP_SLOW_MS", 20, 1, 60_000, "Beside a query that takes longer another one may start"),
    idsMax: whole("LOOKUP_IDS_MAX", 512, 1, 10_000, "Ids in one query"),
    waitingMax: whole("LOOKUP_WAITING_MAX", 20_000, 1, 1_000_000, "Ids that may wait for a query"),
    windowMs: whole("MERGE_WINDOW_MS", 5, 0, 1_000, "Time between the starts of two queries, under load"),
    abovePerSecond: whole(
      "MERGE_ABOVE_PER_SECOND",
      1_000,
      0,
      1_000_000,
      "Reads a second that count as load; with fewer a query starts as soon as the one before is over",
    ),
    freshMs: whole("CARD_FRESH_MS", 10_000, 100, 3_600_000, "A card this old is renewed while it is shown"),
    staleMs: whole("CARD_STALE_MS", 30_000, 100, 3_600_000, "No card older than this is shown"),
    outdatedMs: whole(
      "CARD_OUTDATED_MS",
      600_000,
      100,
      86_400_000,
      "Nor one older than this while outdated cards are preferred to none",
    ),
    outdated: choice(
      "SERVE_OUTDATED",
      ["on", "off"],
      "off",
      "With the database away, rather show outdated cards than none",
    ),
    absentMs: whole("CARD_ABSENT_MS", 2_000, 0, 60_000, "How long it is believed that nothing has an id"),
    firstMs: whole("CARD_FIRST_MS", 1_000, 0, 60_000, "How long a card stays in the node's own memory"),
    firstMax: whole("CARDS_IN_MEMORY", 20_000, 1, 10_000_000, "Cards in the node's own memory"),
  },
} as const;
