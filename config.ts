import { z } from "zod";

/** One environment variable: how it is read, and what the manual says about it. */
interface Setting<T> {
  readonly variable: string;
  readonly schema: z.ZodType<T>;
  /** As the manual shows it. */
  readonly preset: string;
  readonly bounds: string;
  readonly meaning: string;
  /** Its value may hold a password and is never shown. */
  readonly secret: boolean;
}

export type Database =
  | { readonly kind: "sqlite"; readonly path: string | undefined }
  | { readonly kind: "postgres"; readonly url: string };

function whole(
  variable: string,
  preset: number,
  least: number,
  most: number,
  meaning: string,
): Setting<number> {
  const bounds = `${least}-${most}`;
  const sentence = `must be a whole number from ${least} to ${most}`;
  const schema = z.string().regex(/^\d{1,15}$/, sentence).transform(Number)
    .refine((value) => value >= least && value <= most, sentence).default(preset);
  return { variable, schema, preset: String(preset), bounds, meaning, secret: false };
}

function choice<const T extends string>(
  variable: string,
  values: readonly [T, ...T[]],
  preset: string,
  meaning: string,
): Setting<T | undefined> {
  const bounds = values.join(" or ");
  return {
    variable,
    schema: z.enum(values, `must be ${bounds}`).optional(),
    preset,
    bounds,
    meaning,
    secret: false,
  };
}

function plain<T>(
  variable: string,
  schema: z.ZodType<T>,
  preset: string,
  bounds: string,
  meaning: string,
): Setting<T> {
  return { variable, schema, preset, bounds, meaning, secret: false };
}

function secret<T>(
  variable: string,
  schema: z.ZodType<T>,
  preset: string,
  bounds: string,
  meaning: string,
): Setting<T> {
  return { variable, schema, preset, bounds, meaning, secret: true };
}

const NODE_ID = /^[A-Za-z0-9_-]{1,64}$/;
const POSTGRES = /^postgres(ql)?:\/\/\S+$/;

const DatabaseUrl = z.string()
  .refine((url) => url.startsWith("sqlite:") || POSTGRES.test(url), "must be sqlite:PATH or postgres://...")
  .transform((url): Database => {
    if (POSTGRES.test(url)) return { kind: "postgres", url };
    return { kind: "sqlite", path: url.slice("sqlite:".length) || undefined };
  }).optional();

const NatsUrls = z.string().transform((urls) => urls.split(",").map((url) => url.trim()))
  .refine(
    (urls) => urls.every((url) => /^(nats|tls):\/\/\S+$/.test(url)),
    "must be nats://HOST:PORT, or several with commas between",
  ).optional();

const RedisUrl = z.string().regex(/^rediss?:\/\/\S+$/, "must be redis://HOST:PORT").optional();

const SETTINGS = {
  server: {
    host: plain(
      "HOST",
      z.string().min(1).max(255).default("127.0.0.1"),
      "127.0.0.1",
      "an address",
      "Where to listen",
    ),
    port: whole("PORT", 8080, 0, 65_535, "Where to listen; 0 picks a free one"),
    dataDir: plain(
      "DATA_DIR",
      z.string().max(4_096).default("./data"),
      "./data",
      "a folder",
      "Database file and keys",
    ),
    nodeId: plain(
      "NODE_ID",
      z.string().regex(NODE_ID, "must be 1-64 letters, digits, - or _").optional(),
      "generated, kept in DATA_DIR",
      "1-64 letters, digits, - or _",
      "Name of this node in the cluster",
    ),
    guests: choice("GUESTS", ["on", "off"], "on; off with NATS_URL", "May anyone take a guest token"),
    log: choice("LOG", ["pretty", "json"], "pretty on a terminal, else json", "Form of the log"),
    shutdownMs: whole("SHUTDOWN_MS", 10_000, 0, 300_000, "How long a stop may take before it is forced"),
  },
  stores: {
    database: secret(
      "DATABASE_URL",
      DatabaseUrl,
      "sqlite: in DATA_DIR",
      "sqlite: or postgres://",
      "The truth",
    ),
    natsUrls: secret(
      "NATS_URL",
      NatsUrls,
      "none: memory bus",
      "nats://, with commas",
      "The road between nodes",
    ),
    redisUrl: secret("REDIS_URL", RedisUrl, "none: memory cache", "redis://", "The cache shared by nodes"),
  },
  feed: {
    enabled: choice(
      "FEED",
      ["on", "off"],
      "off",
      "Keep room events in a JetStream stream for other programs",
    ),
    stream: plain(
      "FEED_STREAM",
      z.string().regex(NODE_ID, "must be 1-64 letters, digits, - or _").default("BARRAGE"),
      "BARRAGE",
      "1-64 letters, digits, - or _",
      "Name of that stream",
    ),
    maxAgeHours: whole("FEED_MAX_AGE_HOURS", 168, 1, 87_600, "How long the stream keeps events"),
    maxBytes: whole(
      "FEED_MAX_BYTES",
      1_073_741_824,
      1_048_576,
      1_099_511_627_776,
      "How much the stream keeps; the oldest goes first",
    ),
  },
  gateway: {
    frameMaxBytes: whole("FRAME_MAX_BYTES", 65_536, 1_024, 1_048_576, "Largest frame a client may send"),
    helloTimeoutMs: whole("HELLO_TIMEOUT_MS", 10_000, 100, 60_000, "Time for session.hello on a new socket"),
    heartbeatMs: whole("HEARTBEAT_MS", 25_000, 100, 300_000, "A client silent for two of these is closed"),
    callsInFlight: whole("CALLS_IN_FLIGHT", 64, 1, 1_024, "Unanswered calls per socket"),
    callsPerSecond: whole("CALLS_PER_SECOND", 50, 1, 10_000, "Calls per socket and second, after the burst"),
    callsBurst: whole("CALLS_BURST", 100, 1, 20_000, "Calls a socket may make at once"),
    sendQueueMaxBytes: whole(
      "SEND_QUEUE_MAX_BYTES",
      1_048_576,
      65_536,
      67_108_864,
      "Unsent bytes per socket",
    ),
    connectionsMax: whole("CONNECTIONS_MAX", 200_000, 1, 1_000_000, "Sockets of this node"),
    connectionsPerAddress: whole("CONNECTIONS_PER_ADDRESS", 20_000, 1, 1_000_000, "Sockets of one address"),
    roomsPerConnection: whole("ROOMS_PER_CONNECTION", 64, 1, 1_024, "Rooms joined over one socket"),
    guestsPerMinute: whole("GUESTS_PER_MINUTE", 60, 1, 1_000_000, "Guest tokens per address and minute"),
    roomsPerMinute: whole("ROOMS_PER_MINUTE", 30, 1, 1_000_000, "Rooms created per address and minute"),
  },
  room: {
    tickMs: whole("TICK_MS", 100, 10, 10_000, "How long a room collects items for one frame"),
    tickMaxMs: whole("TICK_MAX_MS", 1_000, 10, 60_000, "How far a tick may stretch under load"),
    framesPerSecond: whole(
      "FRAMES_PER_SECOND",
      50_000,
      100,
      10_000_000,
      "Frames this node sends before ticks stretch",
    ),
    recentItems: whole("ROOM_RECENT_ITEMS", 50, 0, 1_000, "Items a viewer sees on joining"),
    memoryItems: whole("ROOM_MEMORY_ITEMS", 1_000, 1, 100_000, "Items a room keeps in memory for resuming"),
    recoverMaxItems: whole("RECOVER_MAX_ITEMS", 1_000, 0, 1_000, "Missed items a resuming viewer may get"),
    retentionHours: whole("RETENTION_HOURS", 720, 1, 87_600, "How long items are kept"),
  },
  runtime: {
    mailboxMaxCount: whole("MAILBOX_MAX_COUNT", 1_000, 1, 100_000, "Commands that may wait for an actor"),
    mailboxMaxBytes: whole(
      "MAILBOX_MAX_BYTES",
      1_048_576,
      65_536,
      67_108_864,
      "Bytes that may wait for an actor",
    ),
    mailboxMaxAgeMs: whole(
      "MAILBOX_MAX_AGE_MS",
      5_000,
      100,
      60_000,
      "How long a command may wait for an actor",
    ),
    actorsMax: whole("ACTORS_MAX", 20_000, 1, 1_000_000, "Actors active on this node"),
    actorIdleMs: whole(
      "ACTOR_IDLE_MS",
      120_000,
      1_000,
      86_400_000,
      "An actor idle for this long is put away",
    ),
    callTimeoutMs: whole("CALL_TIMEOUT_MS", 5_000, 100, 60_000, "How long a call to an actor may take"),
    leaseTtlMs: whole("LEASE_TTL_MS", 10_000, 1_000, 300_000, "A node silent for this long is dead"),
    settleMs: whole(
      "SETTLE_MS",
      30_000,
      0,
      600_000,
      "A node younger than this takes no shards from one that stays",
    ),
    leaseRenewMs: whole("LEASE_RENEW_MS", 2_500, 100, 100_000, "How often a node says it lives"),
  },
} as const;

type Values<G> = { readonly [K in keyof G]: G[K] extends Setting<infer T> ? T : never };
type Settings = { readonly [G in keyof typeof SETTINGS]: Values<typeof SETTINGS[G]> };

type Resolved = {
  readonly server: Omit<Settings["server"], "guests" | "log"> & {
    readonly guests: boolean;
    readonly log: "pretty" | "json";
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
  const { server, stores } = settings;
  const config: Config = {
    ...settings,
    server: {
      ...server,
      guests: (server.guests ?? (stores.natsUrls === undefined ? "on" : "off")) === "on",
      log: server.log ?? (on.terminal ? "pretty" : "json"),
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

function* contradictions({ stores, feed, gateway, room, runtime }: Config): Generator<string> {
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
}

function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) {
    if (typeof child === "object" && child !== null) deepFreeze(child);
  }
  return Object.freeze(value);
}
