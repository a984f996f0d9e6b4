import { Redis } from "ioredis";
import { TAKE } from "./redis_bucket.ts";
import type { Entry } from "./versioned_cache.ts";
import { PUT_ENTRY, RAISE_FLOOR, READ_ENTRY, type StoredEntry } from "./redis_entry.ts";
import { PUT } from "./redis_value.ts";

/** A command that takes longer has failed; the node goes on without the server. */
export const COMMAND_TIMEOUT_MS = 250;
const CONNECT_TIMEOUT_MS = 1_000;
const DEFAULT_PORT = 6_379;
const PROBE = "barrage:probe";

export interface RedisServer {
  /** For messages and logs: without user or password. */
  readonly label: string;
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** With the commands that this program adds. */
export interface RedisClient extends Redis {
  take(key: string, intervalMicros: number, burst: number): Promise<number>;
  put(key: string, value: string, ttlMs: number, lateAt: number): Promise<number>;
  readEntry(key: string): Promise<StoredEntry>;
  putEntry(
    key: string,
    version: number,
    readAt: number,
    costMs: number,
    keepMs: number,
    ...value: string[]
  ): Promise<readonly [now: number, taken: number]>;
  raiseFloor(key: string, version: number, keepMs: number): Promise<number>;
}

/**
 * Reads `redis://` and `rediss://` URLs, with `user:password@` or `:password@` before the host and `/DATABASE` after it.
 * @throws {TypeError}
 */
export function parseServer(url: string): RedisServer {
  const parsed = URL.parse(url);
  const db = parsed === null ? undefined : /^\/?(\d{0,5})$/.exec(parsed.pathname)?.[1];
  if (
    parsed === null || parsed.hostname === "" || !["redis:", "rediss:"].includes(parsed.protocol) ||
    db === undefined
  ) {
    // The URL may hold a password.
    throw new TypeError(
      "Cannot read the URL of a Redis server: it must be redis://HOST:PORT or redis://HOST:PORT/DATABASE",
    );
  }
  const { protocol, hostname, username, password } = parsed;
  const port = parsed.port === "" ? DEFAULT_PORT : Number(parsed.port);
  return {
    label: `${protocol}//${hostname}:${port}`,
    host: hostname.replace(/^\[|\]$/g, ""),
    port,
    db: Number(db),
    tls: protocol === "rediss:",
    username: username === "" ? undefined : decodeURIComponent(username),
    password: password === "" ? undefined : decodeURIComponent(password),
  };
}

/**
 * One connection, from its beginning to its end: it never makes another, and never sends a command twice. Use it once
 * `open` has resolved, and not after `ended` has.
 */
export class RedisConnection {
  readonly client: RedisClient;
  readonly ended: Promise<void>;
  readonly #now: () => number;
  /** The server's clock less this node's, as of its last answer. */
  #aheadMs = 0;
  #firstError: Error | undefined;

  /** @param now Milliseconds, monotonic. */
  constructor({ host, port, db, tls, username, password }: RedisServer, now: () => number) {
    this.#now = now;
    // The scripts make the client a RedisClient, which its types cannot know.
    this.client = new Redis({
      host,
      port,
      db,
      ...(tls ? { tls: {} } : {}),
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      connectionName: "barrage",
      disableClientInfo: true,
      protocol: 2,
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      disconnectTimeout: COMMAND_TIMEOUT_MS,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: null,
      scripts: {
        take: { lua: TAKE, numberOfKeys: 1 },
        put: { lua: PUT, numberOfKeys: 1 },
        readEntry: { lua: READ_ENTRY, numberOfKeys: 1 },
        putEntry: { lua: PUT_ENTRY, numberOfKeys: 1 },
        raiseFloor: { lua: RAISE_FLOOR, numberOfKeys: 1 },
      },
    }) as RedisClient;
    this.client.on("error", (error: Error) => this.#firstError ??= error);
    this.ended = new Promise((resolve) => {
      this.client.once("end", resolve);
    });
  }

  /** Resolves when the server has answered as it will have to: connecting alone says little. */
  async open(): Promise<void> {
    try {
      await this.client.connect();
      await this.client.take(PROBE, 1, 1);
      // Too late in any case: it tells the time.
      this.#aheadMs = await this.client.put(PROBE, "", 1, 0) - this.#now();
    } catch (error) {
      throw this.#firstError ?? error;
    }
    if (this.#firstError !== undefined) throw this.#firstError;
  }

  /** Keeps the value for at most `ttlMs`, if the server carries this out within the time limit of a command. */
  async put(key: string, value: string, ttlMs: number): Promise<void> {
    const lateAt = Math.ceil(this.#now() + this.#aheadMs) + COMMAND_TIMEOUT_MS;
    this.#aheadMs = await this.client.put(key, value, Math.ceil(ttlMs), lateAt) - this.#now();
  }

  async readEntry(key: string): Promise<StoredEntry> {
    const entry = await this.client.readEntry(key);
    this.#aheadMs = entry[0] - this.#now();
    return entry;
  }

  /** False when something newer is known there. */
  async putEntry(key: string, entry: Entry, keepMs: number): Promise<boolean> {
    const { version, value, ageMs, costMs } = entry;
    // What the server carries out late is as old as it was, whenever that is.
    const readAt = Math.floor(this.#now() + this.#aheadMs - ageMs);
    const rest = value === undefined ? [] : [value];
    const [now, taken] = await this.client.putEntry(
      ...[key, version, readAt, Math.ceil(costMs), Math.ceil(keepMs)] as const,
      ...rest,
    );
    this.#aheadMs = now - this.#now();
    return taken === 1;
  }

  async close(): Promise<void> {
    // Ended already, it would only start a timer that ends nothing.
    if (this.client.status !== "end") this.client.disconnect();
    await this.ended;
  }
}
