import { type NatsServerProcess, startNats, startNatsCluster } from "tests/support/nats.ts";
import { type PostgresServer, startPostgres } from "tests/support/postgres.ts";
import { type RedisServerProcess, startRedis } from "tests/support/redis.ts";
import type { ServerEnv } from "tests/support/server.ts";
import { Link } from "./link.ts";
import { Member } from "./member.ts";

export interface WorldOptions {
  readonly nodes: number;
  /** @default {1} */
  readonly natsServers?: number;
  readonly env?: ServerEnv;
  /** How far ahead the wall clock of each node is, in milliseconds; nodes without an entry have the right time. */
  readonly skewMs?: readonly number[];
}

/** How often, and for how long at most, the balancer asks a node whether it is well. */
const LOOK_EVERY_MS = 500;
const LOOK_MS = 1_500;
const SHARED_MS = 90_000;

interface Servers {
  readonly nats: readonly NatsServerProcess[];
  readonly postgres: PostgresServer;
  readonly redis: RedisServerProcess;
}

/** A cluster of its own: real servers, one process for each node, and a front that balances connections over them. */
export class World implements AsyncDisposable {
  readonly servers: Servers;
  readonly members: Member[] = [];
  /** The one address clients know. */
  readonly front: Link;
  readonly #stack: AsyncDisposableStack;
  readonly #options: WorldOptions;
  readonly #database: string;
  readonly #looking: ReturnType<typeof setInterval>;
  #turn = 0;
  #nodes = 0;

  private constructor(
    stack: AsyncDisposableStack,
    options: WorldOptions,
    servers: Servers,
    database: string,
  ) {
    this.#stack = stack;
    this.#options = options;
    this.servers = servers;
    this.#database = database;
    this.front = stack.use(new Link(() => this.#next()));
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  static async start(options: WorldOptions): Promise<World> {
    await using stack = new AsyncDisposableStack();
    const count = options.natsServers ?? 1;
    const nats = count === 1
      ? [stack.use(await startNats())]
      : stack.use(await startNatsCluster(count)).servers;
    // What was acked must survive the kill of the database.
    const postgres = stack.use(await startPostgres({ fsync: true }));
    const redis = stack.use(await startRedis());
    const database = new URL(await postgres.createDatabase()).pathname.slice(1);
    const world = new World(stack.move(), options, { nats, postgres, redis }, database);
    try {
      await Promise.all(Array.from({ length: options.nodes }, () => world.addNode()));
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
    return world;
  }

  get url(): string {
    return `http://127.0.0.1:${this.front.port}`;
  }

  /** Past every link. */
  get databaseUrl(): string {
    return this.servers.postgres.url(this.#database);
  }

  /** That one of the nodes made for whoever runs it. */
  async operatorKey(): Promise<string> {
    return (await Deno.readTextFile(`${this.members[0]!.server.dataDir}/operator_key`)).trim();
  }

  async addNode(): Promise<Member> {
    const index = this.#nodes++;
    const { nats, postgres, redis } = this.servers;
    const member = await Member.start({
      name: `n${index}`,
      natsPorts: nats.map(({ port }) => port),
      postgresPort: postgres.port,
      redisPort: redis.port,
      database: this.#database,
      env: {
        GUESTS: "on",
        GUESTS_PER_MINUTE: 1_000_000,
        ROOMS_PER_MINUTE: 1_000_000,
        // A balancer in front makes all clients one address.
        CONNECTIONS_PER_ADDRESS: 100_000,
        ...this.#options.env,
      },
      skewMs: this.#options.skewMs?.[index] ?? 0,
    });
    this.members.push(this.#stack.use(member));
    await member.untilReady();
    return member;
  }

  /** Every node owns a part of the shards. */
  async untilShared(): Promise<void> {
    for (const end = performance.now() + SHARED_MS; performance.now() < end;) {
      const shards = await Promise.all(this.members.map((member) => member.shards()));
      if (shards.every((count) => count > 0)) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    throw new Error(`Cannot see every node own shards in ${SHARED_MS} ms`);
  }

  /** Every link is whole, every node runs and is ready. */
  async heal(): Promise<void> {
    for (const member of this.members) {
      for (const link of member.links) link.heal();
      if (member.life === "paused") member.resume();
      if (member.life === "dead") await member.restart();
    }
    await Promise.all(this.members.map((member) => member.untilReady()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#looking);
    this.front.cut();
    await this.#stack.disposeAsync();
  }

  /** Round robin over the nodes that are well. */
  #next(): number | undefined {
    const well = this.members.filter(({ ready }) => ready);
    return well[this.#turn++ % well.length]?.server.port;
  }

  #look(): void {
    for (const member of this.members) void member.look(LOOK_MS);
  }
}
