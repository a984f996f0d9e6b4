import { type Database, SETTINGS } from "./settings.ts";
import type { Setting } from "./settings/setting.ts";

type Values<G> = { readonly [K in keyof G]: G[K] extends Setting<infer T> ? T : never };
type Settings = { readonly [G in keyof typeof SETTINGS]: Values<typeof SETTINGS[G]> };

type Resolved = {
  readonly server: Omit<Settings["server"], "guests" | "log"> & {
    readonly guests: boolean;
    readonly log: "pretty" | "json";
  };
  readonly gateway: Omit<Settings["gateway"], "guestsPerDay"> & { readonly guestsPerDay: number };
  readonly accounts: Omit<Settings["accounts"], "loginAttemptsTotal"> & {
    readonly loginAttemptsTotal: number;
  };
  readonly ai: Omit<Settings["ai"], "enabled" | "echo" | "guests" | "continues"> & {
    readonly enabled: boolean;
    readonly echo: boolean;
    readonly guests: boolean;
    readonly continues: boolean;
  };
  readonly stores: Omit<Settings["stores"], "database"> & {
    readonly database:
      | { readonly kind: "sqlite"; readonly path: string }
      | Extract<Database, { kind: "postgres" }>;
  };
};
export type Config = Omit<Settings, keyof Resolved> & Resolved;

/** Every variable the server reads, for the manual. */
export const CONFIG_TABLE: readonly {
  readonly group: string;
  readonly variable: string;
  readonly preset: string;
  readonly bounds: string;
  readonly meaning: string;
}[] = Object.entries(SETTINGS).flatMap(([group, settings]) =>
  Object.values<Setting<unknown>>(settings).map(({ variable, preset, bounds, meaning }) => ({
    group,
    variable,
    preset,
    bounds,
    meaning,
  }))
);

/** Half an hour of as many as GUESTS_PER_MINUTE allows, and no less than this, are a day's guests. */
const GUESTS_PER_DAY = 2_000;

/** So many addresses have to try before one that has not yet must wait. */
const LOGIN_ADDRESSES = 5;

/** A setting that cannot be used, or two that contradict each other; the message says what to set. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** The only place where the server reads its environment. */
export function readConfig(): Config {
  const env: Record<string, string | undefined> = {};
  for (const { variable } of CONFIG_TABLE) env[variable] = Deno.env.get(variable);
  return loadConfig(env, { terminal: Deno.stdout.isTerminal() });
}

/**
 * @param on Whether a person reads the log on a terminal.
 * @throws {ConfigError}
 */
export function loadConfig(
  env: Readonly<Record<string, string | undefined>>,
  on: { readonly terminal: boolean } = { terminal: false },
): Config {
  const settings = readSettings(env);
  const { server, gateway, accounts, stores, ai } = settings;
  const config: Config = {
    ...settings,
    server: {
      ...server,
      guests: (server.guests ?? (stores.natsUrls === undefined ? "on" : "off")) === "on",
      log: server.log ?? (on.terminal ? "pretty" : "json"),
    },
    gateway: {
      ...gateway,
      guestsPerDay: gateway.guestsPerDay ?? Math.max(GUESTS_PER_DAY, gateway.guestsPerMinute * 33),
    },
    accounts: {
      ...accounts,
      loginAttemptsTotal: accounts.loginAttemptsTotal ?? accounts.loginAttempts * LOGIN_ADDRESSES,
    },
    ai: {
      ...ai,
      enabled: ai.enabled !== "off",
      echo: (ai.echo ?? (stores.natsUrls === undefined ? "on" : "off")) === "on",
      guests: ai.guests === "on",
      continues: ai.continues !== "off",
    },
    stores: { ...stores, database: resolve(stores.database, server.dataDir) },
  };
  for (const refuse of contradictions(config)) throw new ConfigError(refuse);
  return deepFreeze(config);
}

function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const groups = Object.entries(SETTINGS).map(([group, settings]) => {
    const values = Object.entries<Setting<unknown>>(settings).map((
      [name, setting],
    ) => [name, read(setting, env)]);
    return [group, Object.fromEntries(values)];
  });
  // The shape follows from SETTINGS, which TypeScript cannot see through Object.entries.
  return Object.fromEntries(groups) as Settings;
}

function read<T>(setting: Setting<T>, env: Readonly<Record<string, string | undefined>>): T {
  // Unset and empty are the same, as `PORT= deno task start` is meant.
  const text = env[setting.variable]?.trim() || undefined;
  const result = setting.schema.safeParse(text);
  if (result.success) return result.data;
  const shown = setting.secret ? "" : ` ${JSON.stringify(text)}`;
  const why = result.error.issues[0]?.message ?? "it is not valid";
  throw new ConfigError(`Cannot use ${setting.variable}${shown}: it ${why.replace(/^it /, "")}`);
}

function resolve(database: Database | undefined, dataDir: string): Config["stores"]["database"] {
  if (database?.kind === "postgres") return database;
  return { kind: "sqlite", path: database?.path ?? `${dataDir.replace(/\/+$/, "")}/barrage.db` };
}

function* contradictions(
  { stores, feed, gateway, room, runtime, tokens, accounts, codes, ai, reads }: Config,
): Generator<string> {
  if (stores.natsUrls !== undefined && stores.database.kind === "sqlite") {
    yield "Set DATABASE_URL to postgres://... or unset NATS_URL: nodes on one bus need one database";
  }
  if (feed.enabled === "on" && stores.natsUrls === undefined) {
    yield "Set NATS_URL or unset FEED: the feed is a stream on the NATS server";
  }
  if (runtime.leaseRenewMs * 3 > runtime.leaseTtlMs) {
    yield "Set LEASE_RENEW_MS to at most a third of LEASE_TTL_MS: a node must survive a lost renewal";
  }
  if (room.tickMs > room.tickMaxMs) {
    yield "Set TICK_MAX_MS to at least TICK_MS: a tick only ever stretches";
  }
  if (room.recentItems > room.memoryItems) {
    yield "Set ROOM_MEMORY_ITEMS to at least ROOM_RECENT_ITEMS: a join is answered from memory";
  }
  if (gateway.callsBurst < gateway.callsPerSecond) {
    yield "Set CALLS_BURST to at least CALLS_PER_SECOND: a second's calls may come at once";
  }
  if (gateway.frameMaxBytes > runtime.mailboxMaxBytes) {
    yield "Set MAILBOX_MAX_BYTES to at least FRAME_MAX_BYTES: one frame must fit into a mailbox";
  }
  if (gateway.guestsPerDay < gateway.guestsPerMinute) {
    yield "Set GUESTS_PER_DAY to at least GUESTS_PER_MINUTE: a minute's guests are a day's as well";
  }
  if (codes.smtpUrl !== undefined && codes.mailFrom === undefined) {
    yield "Set MAIL_FROM or unset SMTP_URL: mail is from somebody";
  }
  if (codes.webhookToken !== undefined && codes.webhookUrl === undefined) {
    yield "Set CODE_WEBHOOK_URL or unset CODE_WEBHOOK_TOKEN: there is nobody to show it to";
  }
  if (accounts.loginAttempts > accounts.loginAttemptsTotal) {
    yield "Set LOGIN_ATTEMPTS_TOTAL to at least LOGIN_ATTEMPTS: those of one address are among those of all";
  }
  if (accounts.sessionIdleMinutes * 60 < tokens.accessSeconds) {
    yield "Set SESSION_IDLE_MINUTES to at least ACCESS_TOKEN_SECONDS: no token may outlive its session";
  }
  if (accounts.refreshEverySeconds < accounts.refreshGraceSeconds) {
    yield "Set REFRESH_GRACE_SECONDS to at most REFRESH_EVERY_SECONDS: of the tokens before only one is known";
  }
  if (accounts.refreshEverySeconds > tokens.accessSeconds) {
    yield "Set REFRESH_EVERY_SECONDS to at most ACCESS_TOKEN_SECONDS: nobody may have to wait for a new token";
  }
  if (ai.waitMaxSeconds > ai.answerMaxSeconds) {
    yield "Set AI_ANSWER_MAX_SECONDS to at least AI_WAIT_MAX_SECONDS: waiting is a part of it";
  }
  if (ai.firstTokenSeconds > ai.answerMaxSeconds || ai.idleSeconds > ai.answerMaxSeconds) {
    yield "Set AI_ANSWER_MAX_SECONDS to at least AI_FIRST_TOKEN_SECONDS and AI_IDLE_SECONDS: it bounds them all";
  }
  if (ai.perUserMax > ai.queueMax) {
    yield "Set AI_QUEUE_MAX to at least AI_WAITING_PER_USER_MAX: one user's answers wait with all others";
  }
  if (reads.freshMs > reads.staleMs || reads.absentMs > reads.staleMs || reads.firstMs > reads.staleMs) {
    yield "Set CARD_STALE_MS to at least CARD_FRESH_MS, CARD_ABSENT_MS and CARD_FIRST_MS: it bounds them all";
  }
  if (reads.staleMs > reads.outdatedMs) {
    yield "Set CARD_OUTDATED_MS to at least CARD_STALE_MS: it is for cards that are too old already";
  }
  if (ai.abortSettleMs * 3 > ai.leaseTermSeconds * 1_000) {
    yield "Set AI_ABORT_SETTLE_MS to at most a third of AI_LEASE_TERM_SECONDS: a call is cut off before its term ends";
  }
}

function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) {
    if (typeof child === "object" && child !== null) deepFreeze(child);
  }
  return Object.freeze(value);
}
