import type { Latency } from "../micro/pace.ts";
import type { Cluster } from "../servers/cluster.ts";
import { PeerProcess } from "../servers/peer_process.ts";
import { SHARDS } from "storage/storage.ts";
import { delay } from "../wait.ts";

export interface RemoteLoad {
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Calls that wait for their answer at any time. */
  readonly inFlight: number;
  readonly actors: number;
  readonly text: string;
}

export type Way = "bare" | "remote" | "local";
export const WAYS: readonly Way[] = ["bare", "remote", "local"];

const LOOK_EVERY_MS = 100;

/** Two nodes that share the shards, and two processes that only use the message server; they take turns. */
export class CallingPairs implements AsyncDisposable {
  readonly #owned: AsyncDisposableStack;
  readonly #bare: PeerProcess;
  readonly #node: PeerProcess;

  private constructor(owned: AsyncDisposableStack, bare: PeerProcess, node: PeerProcess) {
    this.#owned = owned;
    this.#bare = bare;
    this.#node = node;
  }

  static async start({ nats: { url }, databaseUrl }: Cluster): Promise<CallingPairs> {
    await using owned = new AsyncDisposableStack();
    const [answering, asking, ...nodes] = [
      ["nats_peer.ts", "answer", url],
      ["nats_peer.ts", "ask", url],
      ["peer_node.ts", "caller", url, databaseUrl],
      ["peer_node.ts", "other", url, databaseUrl],
    ].map(([program, ...args]) => owned.use(new PeerProcess(program!, args)));
    await answering!.do({ do: "count" });
    await untilShared(nodes);
    return new CallingPairs(owned.move(), asking!, nodes[0]!);
  }

  /** Calls a second. */
  async rate(way: Way, { seconds, warmUpSeconds, inFlight, actors, text }: RemoteLoad): Promise<number> {
    const command = { do: "rate", where: placeOf(way), actors, inFlight, text } as const;
    await this.#process(way).do({ ...command, seconds: warmUpSeconds });
    return (await this.#process(way).do({ ...command, seconds })).rate;
  }

  /** One call at a time. */
  async latency(way: Way, { seconds, text }: Pick<RemoteLoad, "seconds" | "text">): Promise<Latency> {
    return await this.#process(way).do({ do: "latency", where: placeOf(way), text, seconds });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }

  #process(way: Way): PeerProcess {
    return way === "bare" ? this.#bare : this.#node;
  }
}

function placeOf(way: Way): "local" | "remote" {
  return way === "local" ? "local" : "remote";
}

async function untilShared(nodes: readonly PeerProcess[]): Promise<void> {
  for (;; await delay(LOOK_EVERY_MS)) {
    const counts = await Promise.all(nodes.map((node) => node.do({ do: "count" })));
    const owned = counts.map(({ shards }) => shards);
    if (owned[0]! + owned[1]! === SHARDS && Math.min(...owned) >= SHARDS / 4) return;
  }
}
