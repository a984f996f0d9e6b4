import { NatsBus } from "actors/bus/nats.ts";
import { SystemClock } from "actors/runtime/clock.ts";
import { Barrage } from "client/mod.ts";
import { Front } from "../../ops/cluster/front.ts";
import { Asker } from "../load/asker.ts";
import { takeGuestToken } from "../load/dialects/barrage.ts";
import { Cluster } from "../servers/cluster.ts";
import { openRoom } from "../servers/contenders.ts";
import { delay } from "../wait.ts";

export interface HandOffLoad {
  readonly nodes: number;
  readonly rooms: number;
  /** In each, every node is stopped and started again. */
  readonly rounds: number;
}

export interface HandOffs {
  /** For each room whose shard moved: from its last answer by the old owner to the first by the new, less the pause. */
  readonly gapsMs: readonly number[];
  /** From call to answer where the shard stayed. */
  readonly usualMs: readonly number[];
  /** From `say` to its ack, of people on sockets, over all rooms. */
  readonly saysMs: readonly number[];
  readonly failed: number;
  /** Batches of commands taken for lost. */
  readonly timeouts: number;
}

const ASK_EVERY_MS = 10;
const SAY_EVERY_MS = 300;
const SETTLE_MS = 1_000;
/** For people to come back to a node, and for a look at the shards. */
const CALM_MS = 2_000;
const ENV = { SETTLE_MS: `${SETTLE_MS}`, LEASE_TTL_MS: "5000", LEASE_RENEW_MS: "500" };

/** Stops the nodes in turn while every room is asked by another node all the time, and somebody on a socket talks in it. */
export async function measureHandOffs(
  { nodes, rooms: count, rounds }: HandOffLoad,
  report: (line: string) => void,
): Promise<HandOffs> {
  await using cluster = await Cluster.start({ nodes, env: ENV });
  await using front = await Front.open({ port: 0, backends: cluster.nodes, onChange: () => {} });
  await using bus = await NatsBus.connect({
    servers: [cluster.nats.url],
    name: "asker",
    onError: (error) => report(String(error)),
  });
  using clock = new SystemClock();
  using asker = new Asker(bus, clock);
  await asker.ready;
  const rooms: string[] = [];
  while (rooms.length < count) rooms.push(await openRoom(front.url));
  const crowd = new RoomCrowd(asker);
  for (const room of rooms) await crowd.enter(front.url, room);
  await delay(CALM_MS);
  for (let round = 1; round <= rounds; round++) {
    report(`hand-off, rolling deploy ${round} of ${rounds}`);
    for (const node of cluster.nodes) {
      await node.stop();
      await node.start();
      await cluster.untilShared();
      await delay(CALM_MS);
    }
  }
  return await crowd.leave();
}

/** For every room one who asks it over the bus, and one who talks in it over a socket. */
class RoomCrowd {
  readonly #asker: Asker;
  readonly #gapsMs: number[] = [];
  readonly #usualMs: number[] = [];
  readonly #saysMs: number[] = [];
  readonly #clients: Barrage[] = [];
  readonly #loops: Promise<void>[] = [];
  #failed = 0;
  #here = true;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  async enter(url: string, id: string): Promise<void> {
    const { token } = await takeGuestToken(url);
    const client = new Barrage({ url, token });
    this.#clients.push(client);
    const room = client.room(id);
    await room.join();
    let epoch = await this.#asker.epochOf(id);
    this.#repeat(ASK_EVERY_MS, async () => {
      const since = performance.now();
      const now = await this.#asker.epochOf(id);
      (now === epoch ? this.#usualMs : this.#gapsMs).push(performance.now() - since);
      epoch = now;
    });
    let said = 0;
    this.#repeat(SAY_EVERY_MS, async () => {
      const since = performance.now();
      await room.say(`message ${++said}`);
      this.#saysMs.push(performance.now() - since);
    });
  }

  async leave(): Promise<HandOffs> {
    this.#here = false;
    await Promise.all(this.#loops);
    for (const client of this.#clients) client.close();
    return {
      gapsMs: this.#gapsMs,
      usualMs: this.#usualMs,
      saysMs: this.#saysMs,
      failed: this.#failed,
      timeouts: this.#asker.counters.retries.timeout,
    };
  }

  #repeat(everyMs: number, act: () => Promise<void>): void {
    const run = async () => {
      await delay(Math.random() * everyMs);
      for (; this.#here; await delay(everyMs)) await act().catch(() => this.#failed++);
    };
    this.#loops.push(run());
  }
}
