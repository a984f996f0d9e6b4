import { fileURLToPath } from "node:url";
import type { CacheState } from "storage/cache/cache.ts";
import { type Server, type ServerEnv, startServer } from "tests/support/server.ts";
import { Link } from "./link.ts";

const SKEWED_CLOCK = fileURLToPath(new URL("./skewed_clock.ts", import.meta.url));
const READY_MS = 60_000;
const LOOK_MS = 100;
const LOG_SHOWN = 4_000;

export interface MemberOptions {
  readonly name: string;
  /** Ports of the servers, which the node reaches over links of its own. */
  readonly natsPorts: readonly number[];
  readonly postgresPort: number;
  readonly redisPort: number;
  readonly database: string;
  readonly env: ServerEnv;
  /** How far ahead its wall clock is. */
  readonly skewMs: number;
}

/** What `/readyz` says. */
interface Report {
  readonly shards: number;
  readonly cache: CacheState;
}

interface Links {
  readonly nats: readonly Link[];
  readonly postgres: Link;
  readonly redis: Link;
}

type Life = "running" | "paused" | "dead";

/** One node of the cluster: its process and its links to the servers it needs. */
export class Member implements AsyncDisposable {
  readonly name: string;
  readonly server: Server;
  readonly nats: readonly Link[];
  readonly postgres: Link;
  readonly redis: Link;
  /** What a balancer's health check last found. */
  ready = false;
  #answer = "nothing";
  #life: Life = "running";

  private constructor(name: string, server: Server, { nats, postgres, redis }: Links) {
    this.name = name;
    this.server = server;
    this.nats = nats;
    this.postgres = postgres;
    this.redis = redis;
  }

  static async start(options: MemberOptions): Promise<Member> {
    const { name, natsPorts, postgresPort, redisPort, database, env, skewMs } = options;
    const nats = natsPorts.map((port) => new Link(() => port));
    const postgres = new Link(() => postgresPort);
    const redis = new Link(() => redisPort);
    const flags = skewMs === 0 ? [] : [`--preload=${SKEWED_CLOCK}`];
    const server = await startServer({
      ...env,
      NODE_ID: name,
      NATS_URL: nats.map(({ port }) => `nats://127.0.0.1:${port}`).join(","),
      DATABASE_URL: `postgres://barrage@127.0.0.1:${postgres.port}/${database}`,
      REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      SKEW_MS: skewMs,
    }, flags);
    return new Member(name, server, { nats, postgres, redis });
  }

  get links(): readonly Link[] {
    return [...this.nats, this.postgres, this.redis];
  }

  get life(): Life {
    return this.#life;
  }

  async kill(): Promise<void> {
    this.#life = "dead";
    this.ready = false;
    await this.server.kill("SIGKILL");
  }

  async restart(): Promise<void> {
    await this.server.restart();
    this.#life = "running";
  }

  /** SIGTERM; resolves with the exit code when the node has left in order. */
  async leave(): Promise<number> {
    const { code } = await this.server.kill("SIGTERM");
    this.#life = "dead";
    this.ready = false;
    return code;
  }

  pause(): void {
    this.server.signal("SIGSTOP");
    this.#life = "paused";
  }

  resume(): void {
    this.server.signal("SIGCONT");
    this.#life = "running";
  }

  /** As a balancer asks. */
  async look(patienceMs: number): Promise<boolean> {
    this.ready = await this.#answers(patienceMs);
    return this.ready;
  }

  /** Shards the node owns by its own word. */
  async shards(): Promise<number> {
    return (await this.#report()).shards;
  }

  /** Resolves when the node uses the shared cache. */
  async untilCached(): Promise<void> {
    for (const end = performance.now() + READY_MS; performance.now() < end;) {
      if ((await this.#report()).cache === "connected") return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    throw new Error(`Cannot see ${this.name} use the cache in ${READY_MS} ms`);
  }

  async untilReady(): Promise<void> {
    for (const end = performance.now() + READY_MS; performance.now() < end;) {
      if (await this.look(LOOK_MS * 20)) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    const log = this.server.errorOutput.slice(-LOG_SHOWN);
    throw new Error(`Cannot see ${this.name} ready: it answered ${this.#answer}; its log ends with ${log}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#life === "paused") this.resume();
    for (const link of this.links) link.heal();
    if (this.#life === "running") await this.server.kill("SIGKILL");
    await this.server[Symbol.asyncDispose]();
    for (const link of this.links) await link[Symbol.asyncDispose]();
  }

  async #report(): Promise<Report> {
    const response = await fetch(`${this.server.url}/readyz`);
    return await response.json();
  }

  async #answers(patienceMs: number): Promise<boolean> {
    if (this.#life === "dead") return false;
    try {
      const response = await fetch(`${this.server.url}/readyz`, { signal: AbortSignal.timeout(patienceMs) });
      this.#answer = await response.text();
      return response.ok;
    } catch (error) {
      // Refused, or no answer in time.
      if (!(error instanceof TypeError) && !(error instanceof DOMException)) throw error;
      this.#answer = error.message;
      return false;
    }
  }
}
