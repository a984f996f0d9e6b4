import ipaddr from "ipaddr.js";
import { z } from "zod";
import { ACCOUNT_SETTINGS } from "./settings/accounts.ts";
import { AI_SETTINGS } from "./settings/ai.ts";
import { CHAT_SETTINGS } from "./settings/chat.ts";
import { CODE_SETTINGS } from "./settings/codes.ts";
import { READ_SETTINGS } from "./settings/reads.ts";
import { SWITCH_SETTINGS } from "./settings/switches.ts";
import { choice, plain, secret, whole, wholeOr } from "./settings/setting.ts";

export type Database =
  | { readonly kind: "sqlite"; readonly path: string | undefined }
  | { readonly kind: "postgres"; readonly url: string };

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

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** An origin; its cookies must not travel in clear. */
const PublicUrl = z.url({ protocol: /^https?$/, error: "must be https://HOST" }).max(255)
  .transform((url) => new URL(url))
  .refine(
    ({ pathname, search, hash }) => pathname + search + hash === "/",
    "must be an origin without a path",
  )
  .refine(
    ({ protocol, hostname }) => protocol === "https:" || LOOPBACK.test(hostname),
    "must be https://, or http:// at localhost",
  )
  .transform(({ origin }) => origin).optional();

const Addresses = z.string().default("").transform((list) => list.split(",").map((one) => one.trim()))
  .transform((list) => list.filter((one) => one !== ""))
  .refine(
    (list) => list.every((one) => ipaddr.isValid(one) || ipaddr.isValidCIDR(one)),
    "must be addresses or CIDR ranges with commas between",
  );

/** Every variable the server reads. */
export const SETTINGS = {
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
    publicUrl: plain(
      "PUBLIC_URL",
      PublicUrl,
      "whatever host is asked for",
      "https://HOST",
      "The origin that people see; cookies are good for its pages only",
    ),
    trustedProxies: plain(
      "TRUSTED_PROXIES",
      Addresses,
      "none",
      "addresses, CIDR ranges",
      "Proxies that are believed from whom a request comes",
    ),
    proxyHeader: choice(
      "PROXY_HEADER",
      ["x-forwarded-for", "forwarded"],
      "x-forwarded-for",
      "Where they say so; they must write this one themselves",
    ),
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
    connectionsPerUser: whole(
      "CONNECTIONS_PER_USER",
      10_000,
      1,
      1_000_000,
      "Sockets of one user on this node; over it the oldest is closed",
    ),
    roomsPerConnection: whole("ROOMS_PER_CONNECTION", 64, 1, 1_024, "Rooms joined over one socket"),
    guestsPerMinute: whole("GUESTS_PER_MINUTE", 60, 1, 1_000_000, "Guest tokens per address and minute"),
    guestsPerDay: wholeOr(
      "GUESTS_PER_DAY",
      "2000, or 33 times GUESTS_PER_MINUTE",
      1,
      100_000_000,
      "Guest tokens per address and day",
    ),
    roomsPerMinute: whole("ROOMS_PER_MINUTE", 30, 1, 1_000_000, "Rooms created per address and minute"),
    exportsPerMinute: whole(
      "EXPORTS_PER_MINUTE",
      10,
      1,
      1_000_000,
      "Times an address may take its accounts' data along a minute",
    ),
    keyFailuresPerMinute: whole(
      "KEY_FAILURES_PER_MINUTE",
      30,
      1,
      1_000_000,
      "Bad API keys that an address may show a minute",
    ),
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
  ...ACCOUNT_SETTINGS,
  ...CODE_SETTINGS,
  ...CHAT_SETTINGS,
  ...AI_SETTINGS,
  ...READ_SETTINGS,
  ...SWITCH_SETTINGS,
} as const;
