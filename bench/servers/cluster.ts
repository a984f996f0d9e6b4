import { Folder } from "../../ops/servers/folder.ts";
import { type NatsServerProcess, startNats } from "../../ops/servers/nats.ts";
import { startPostgres } from "../../ops/servers/postgres.ts";
import { NodeProcess } from "../../ops/cluster/node_process.ts";
import { SHARDS } from "storage/storage.ts";
import { delay } from "../wait.ts";
import { CROWD_ENV } from "./contenders.ts";
import { cpuSeconds } from "./process_stat.ts";

export interface ClusterOptions {
  readonly nodes: number;
  readonly env?: Readonly<Record<string, string>>;
}

const LOOK_EVERY_MS = 100;
const SHARED_MAX_MS = 60_000;

/** Real servers and equal nodes, as `deno task cluster` starts them, without the front: the crowd picks its nodes. */
export class Cluster implements AsyncDisposable {
  static readonly #open = new Set<AsyncDisposableStack>();
  readonly nats: NatsServerProcess;
  readonly databaseUrl: string;
  readonly nodes: readonly NodeProcess[];
  readonly #owned: AsyncDisposableStack;

  private constructor(
    owned: AsyncDisposableStack,
    nats: NatsServerProcess,
    databaseUrl: string,
    nodes: readonly NodeProcess[],
  ) {
    this.#owned = owned;
    this.nats = nats;
    this.databaseUrl = databaseUrl;
    this.nodes = nodes;
  }

  /** Resolves when every node owns a part of the shards. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const owned = new AsyncDisposableStack();
    Cluster.#open.add(owned);
    owned.defer(() => void Cluster.#open.delete(owned));
    try {
      const cluster = await Cluster.#start(owned, options);
      if (options.nodes > 0) await cluster.untilShared();
      return cluster;
    } catch (error) {
      await owned.disposeAsync();
      throw error;
    }
  }

  /** Ends every cluster at once; for Ctrl-C. */
  static async killAll(): Promise<void> {
    await Promise.all([...Cluster.#open].map((owned) => owned.disposeAsync()));
  }

  static async #start(owned: AsyncDisposableStack, options: ClusterOptions): Promise<Cluster> {
    const folder = owned.use(await Folder.open(undefined, "barrage-bench-"));
    const nats = owned.use(await startNats());
    const postgres = owned.use(await startPostgres({ fsync: true }));
    const databaseUrl = await postgres.createDatabase();
    // Shards spread at once; the default is made for rolling deploys.
    const env = {
      ...CROWD_ENV,
      SETTLE_MS: "0",
      DATABASE_URL: databaseUrl,
      NATS_URL: nats.url,
      ...options.env,
    };
    const nodes = Array.from({ length: options.nodes }, (_, nth) => {
      const name = `node-${nth + 1}`;
      const own = { folder: `${folder.path}/${name}`, logFile: `${folder.path}/${name}.log` };
      return new NodeProcess({ name, env, ...own });
    });
    for (const node of nodes) owned.defer(() => kill(node));
    await Promise.all(nodes.map((node) => node.start()));
    return new Cluster(owned, nats, databaseUrl, nodes);
  }

  /** Every shard has an owner and every node its fair part of them. */
  async untilShared(): Promise<void> {
    for (const end = performance.now() + SHARED_MAX_MS; performance.now() < end; await delay(LOOK_EVERY_MS)) {
      const shards = await Promise.all(this.nodes.map(shardsOf));
      const total = shards.reduce((sum, owned) => sum + owned, 0);
      if (total === SHARDS && Math.min(...shards) >= SHARDS / this.nodes.length / 2) return;
    }
    throw new Error(`Cannot see the nodes share the shards in ${SHARED_MAX_MS} ms`);
  }

  /** Of all nodes together. */
  async cpuSeconds(): Promise<number> {
    const each = await Promise.all(this.nodes.map(({ program }) => cpuSeconds(program!.pid)));
    return each.reduce((sum, used) => sum + used, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

async function shardsOf({ url }: NodeProcess): Promise<number> {
  return (await (await fetch(`${url}/readyz`)).json()).shards;
}

async function kill({ program }: NodeProcess): Promise<void> {
  program?.signal("SIGKILL");
  await program?.ended;
}
