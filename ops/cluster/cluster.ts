import { Folder } from "../servers/folder.ts";
import { startNats } from "../servers/nats.ts";
import { startPostgres } from "../servers/postgres.ts";
import type { Program } from "../servers/program.ts";
import { startRedis } from "../servers/redis.ts";
import { Front } from "./front.ts";
import { describe, describeEnd, type Member } from "./member.ts";
import { NodeProcess } from "./node_process.ts";

export interface ClusterOptions {
  readonly nodes: number;
  /** Of the front; 0 picks a free one. */
  readonly port: number;
  /** Where data and logs stay; without it, in a temporary folder. */
  readonly folder: string | undefined;
  /** Gets a line for everything that happens. */
  readonly report: (line: string) => void;
  /** Ends a start that is under way. */
  readonly signal: AbortSignal;
}

// So that shards spread while somebody looks; the default is made for rolling deploys.
const SETTLE_MS = "5000";

/** Real servers, equal nodes, and one port in front of them, all on this machine. It starts nothing again by itself. */
export class Cluster implements AsyncDisposable {
  readonly folder: string;
  readonly #report: (line: string) => void;
  readonly #servers: Member[] = [];
  readonly #nodes: NodeProcess[] = [];
  readonly #owned = new AsyncDisposableStack();
  #front: Front<NodeProcess> | undefined;
  #stopping = false;

  private constructor(folder: Folder, report: (line: string) => void) {
    this.folder = folder.path;
    this.#report = report;
    this.#owned.use(folder);
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const folder = await Folder.open(options.folder, "barrage-cluster-");
    // A server that runs under another account must get through to its own folder, and see nothing beside it.
    await Deno.chmod(folder.path, 0o711);
    const cluster = new Cluster(folder, options.report);
    try {
      const env = await cluster.#startServers(options.signal);
      await cluster.#startNodes(options.nodes, env);
      options.signal.throwIfAborted();
      await cluster.#openFront(options.port);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Of the front. */
  get url(): string {
    if (this.#front === undefined) throw new Error("The cluster has not started");
    return this.#front.url;
  }

  get nodes(): readonly Member[] {
    return this.#nodes;
  }

  get members(): readonly Member[] {
    return [...this.#servers, ...this.#nodes];
  }

  /** Starts a member that has ended. */
  async restart(member: Member): Promise<void> {
    await member.start();
    this.#watch(member);
  }

  /** Instead of letting the nodes hand over and finish. */
  hurry(): void {
    for (const { program } of this.#nodes) program?.signal("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await this.#owned[Symbol.asyncDispose]();
  }

  async #startServers(signal: AbortSignal): Promise<Record<string, string>> {
    const postgres = this.#owned.use(await startPostgres(this.#life("postgres")));
    const database = await postgres.createDatabase("barrage");
    this.#add(named("postgres", database, postgres));
    signal.throwIfAborted();
    const nats = this.#owned.use(await startNats(this.#life("nats")));
    this.#add(named("nats", nats.url, nats));
    signal.throwIfAborted();
    const redis = this.#owned.use(await startRedis(this.#life("redis")));
    this.#add(named("redis", redis.url, redis));
    signal.throwIfAborted();
    return { DATABASE_URL: database, NATS_URL: nats.url, REDIS_URL: redis.url };
  }

  async #startNodes(count: number, servers: Readonly<Record<string, string>>): Promise<void> {
    const env = {
      GUESTS: Deno.env.get("GUESTS") || "on",
      AI_ECHO: Deno.env.get("AI_ECHO") || "on",
      SETTLE_MS: Deno.env.get("SETTLE_MS") || SETTLE_MS,
      ...servers,
    };
    for (let number = 1; number <= count; number++) {
      const name = `node-${number}`;
      this.#nodes.push(
        new NodeProcess({ name, env, folder: `${this.folder}/${name}`, logFile: this.#log(name) }),
      );
    }
    this.#owned.defer(() => this.#stopNodes());
    const started = await Promise.allSettled(this.#nodes.map((node) => node.start()));
    for (const outcome of started) if (outcome.status === "rejected") throw outcome.reason;
    for (const node of this.#nodes) this.#watch(node);
  }

  async #openFront(port: number): Promise<void> {
    const backends = this.#nodes;
    const onChange = (node: NodeProcess, ready: boolean, why: string) => {
      if (this.#stopping || node.program?.alive !== true) return;
      this.#report(ready ? `${node.name} is ready again` : `${node.name} gets no new connections: ${why}`);
    };
    this.#front = this.#owned.use(await Front.open({ port, backends, onChange }));
  }

  /** One after the other: a node that stops looks for others to hand over to, and waits when they stop too. */
  async #stopNodes(): Promise<void> {
    for (const node of this.#nodes) await node.stop();
  }

  #add(member: Member): void {
    this.#servers.push(member);
    this.#watch(member);
  }

  #watch(member: Member): void {
    this.#report(describe(member));
    const { program } = member;
    program?.ended.then((status) => {
      if (!this.#stopping) {
        this.#report(`${member.name} ${describeEnd(status)}; its log is ${this.#log(member.name)}`);
      }
    });
  }

  #life(name: string) {
    return { folder: `${this.folder}/${name}`, logFile: this.#log(name), detached: true };
  }

  #log(name: string): string {
    return `${this.folder}/${name}.log`;
  }
}

interface Startable {
  readonly program: Program;
  start(): Promise<void>;
}

function named(name: string, url: string, server: Startable): Member {
  return {
    name,
    url,
    start: () => server.start(),
    get program() {
      return server.program;
    },
  };
}
