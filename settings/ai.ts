import { z } from "zod";
import { choice, secret, whole } from "./setting.ts";

const MasterKeys = z.string().regex(
  /^\d{1,9}:[A-Za-z0-9+/]{43}=(\s*,\s*\d{1,9}:[A-Za-z0-9+/]{43}=)*$/,
  "must be VERSION:KEY with commas between, each key 32 bytes in base64",
).optional();

/** Of assistants: pools of keys, answers, budgets. */
export const AI_SETTINGS = {
  ai: {
    enabled: choice("AI", ["on", "off"], "on", "Whether AI models can be asked"),
    keys: secret(
      "AI_KEYS",
      MasterKeys,
      "the file ai_keys in DATA_DIR, made when missing; with DATABASE_URL=postgres:// it is not made",
      "VERSION:BASE64, with commas",
      "Seals the keys of AI providers in the database; the greatest version seals, the others open",
    ),
    credentialsMax: whole("AI_CREDENTIALS_MAX", 500, 1, 1_000, "Keys of AI providers that may be kept"),
    echo: choice(
      "AI_ECHO",
      ["on", "off"],
      "on; off with NATS_URL",
      "The model `echo`, which repeats what it is asked, with two keys of its own",
    ),
    guests: choice("AI_GUESTS", ["on", "off"], "off", "May guests ask"),
    bodyMaxBytes: whole(
      "AI_BODY_MAX_BYTES",
      524_288,
      1_024,
      786_432,
      "Largest body of a request that asks over HTTP",
    ),
    queueMax: whole("AI_QUEUE_MAX", 1_000, 1, 100_000, "Answers that may wait for one model"),
    perUserMax: whole("AI_WAITING_PER_USER_MAX", 20, 1, 10_000, "Such answers of one user"),
    waitMaxSeconds: whole("AI_WAIT_MAX_SECONDS", 120, 1, 3_600, "How long an answer may wait for a slot"),
    answerMaxSeconds: whole(
      "AI_ANSWER_MAX_SECONDS",
      180,
      5,
      3_600,
      "From asking to the end, waiting and all attempts together",
    ),
    firstTokenSeconds: whole(
      "AI_FIRST_TOKEN_SECONDS",
      30,
      1,
      600,
      "How long a provider may take to begin",
    ),
    idleSeconds: whole("AI_IDLE_SECONDS", 20, 1, 600, "How long a provider may be silent in an answer"),
    leaseTermSeconds: whole(
      "AI_LEASE_TERM_SECONDS",
      10,
      5,
      300,
      "A slot whose user is silent for this long is lent again",
    ),
    startMarginMs: whole(
      "AI_START_MARGIN_MS",
      50,
      0,
      10_000,
      "Waited on top of the second that a provider counts starts in",
    ),
    abortSettleMs: whole(
      "AI_ABORT_SETTLE_MS",
      500,
      0,
      60_000,
      "After a call was cut off, until its slot is free again",
    ),
    checkpointMs: whole(
      "AI_CHECKPOINT_MS",
      500,
      50,
      60_000,
      "How often the text of a running answer is kept",
    ),
    continues: choice("AI_CONTINUE", ["on", "off"], "on", "Whether another key goes on where a stream broke"),
    continueMax: whole(
      "AI_CONTINUE_MAX",
      20_000,
      0,
      1_000_000,
      "Characters; a longer text is not gone on with",
    ),
    holdBack: whole(
      "AI_HOLD_BACK",
      200,
      0,
      10_000,
      "Characters of what is gone on with that are held back to find what it repeats",
    ),
    attemptsMax: whole("AI_ATTEMPTS_MAX", 5, 1, 32, "Calls of one answer that may fail"),
    graceSeconds: whole(
      "AI_GRACE_SECONDS",
      30,
      0,
      3_600,
      "How long an answer goes on that nobody reads",
    ),
    requestsPerDay: whole(
      "AI_REQUESTS_PER_DAY",
      0,
      0,
      1_000_000_000,
      "Answers that one user may ask for in a day, by UTC; 0 is no limit",
    ),
    tokensPerDay: whole(
      "AI_TOKENS_PER_DAY",
      0,
      0,
      1_000_000_000_000,
      "Tokens that one user may use in a day, by UTC; 0 is no limit",
    ),
    historyDays: whole(
      "AI_HISTORY_DAYS",
      365,
      1,
      36_500,
      "How long threads are kept after they were last asked in, and answers that stand in none",
    ),
    usageDays: whole("AI_USAGE_DAYS", 400, 2, 36_500, "How long it is known what answers cost"),
  },
} as const;
