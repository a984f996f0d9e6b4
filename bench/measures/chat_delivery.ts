import { Chatter, signUp } from "../load/chatters.ts";
import type { Cluster } from "../servers/cluster.ts";
import { percentile } from "../statistics.ts";
import { delay } from "../wait.ts";

export interface DeliveryLoad {
  /** Half of them on one node, half of them on two. */
  readonly pairs: number;
  /** Messages a second, of all pairs together. */
  readonly rate: number;
  readonly seconds: number;
}

/** From sending to receiving, in ms; Infinity for what never came. */
export interface Delivered {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Delivery {
  readonly sameNode: Delivered;
  readonly otherNode: Delivered;
  /** From sending to the sender's own ack. */
  readonly acked: Delivered;
}

interface Pair {
  readonly sender: Chatter;
  readonly to: string;
  readonly times: number[];
}

const PATIENCE_MS = 5_000;

/** Pairs talk in direct conversations over WebSockets; which node owns a conversation is left to chance. */
export async function measureDelivery(
  cluster: Cluster,
  { pairs, rate, seconds }: DeliveryLoad,
): Promise<Delivery> {
  using owned = new DisposableStack();
  const origins = cluster.nodes.map(({ url }) => url);
  const people = await signUp(origins, pairs * 2);
  const sent = new Map<string, number>();
  const times = { sameNode: [] as number[], otherNode: [] as number[] };
  const acked: number[] = [];
  const opened: Pair[] = [];
  for (let nth = 0; nth < pairs; nth++) {
    const [one, other] = [people[nth * 2]!, people[nth * 2 + 1]!];
    const far = nth % 2;
    const home = Math.floor(nth / 2) % origins.length;
    const sender = owned.use(await Chatter.live(origins[home]!, one.token));
    const receiver = owned.use(await Chatter.live(origins[(home + far) % origins.length]!, other.token));
    await sender.call("chat.send", { to: other.id, id: "hello", text: "hello" });
    // Whoever has answered is no stranger.
    await receiver.call("chat.send", { to: one.id, id: "hello", text: "hello" });
    await receiver.sync();
    await sender.sync();
    const pair = { sender, to: other.id, times: far === 0 ? times.sameNode : times.otherNode };
    receiver.onMessage = (message) => {
      const since = message.kind === "sent" ? sent.get(message.text ?? "") : undefined;
      if (since === undefined) return;
      sent.delete(message.kind === "sent" ? message.text ?? "" : "");
      pair.times.push(performance.now() - since);
    };
    opened.push(pair);
  }

  const count = Math.floor(rate * seconds);
  const acks: Promise<void>[] = [];
  const began = performance.now();
  for (let nth = 0; nth < count; nth++) {
    // At seeded times nothing would meet that meets by chance.
    await delay(Math.max(0, began + (nth + Math.random()) / rate * 1_000 - performance.now()));
    const { sender, to } = opened[nth % opened.length]!;
    const since = performance.now();
    const text = `message ${nth}`;
    sent.set(text, since);
    acks.push(
      sender.call("chat.send", { to, id: `m${nth}`, text }).then(() =>
        void acked.push(performance.now() - since)
      ),
    );
  }
  await Promise.all(acks);
  for (const end = performance.now() + PATIENCE_MS; sent.size > 0 && performance.now() < end;) {
    await delay(10);
  }
  for (const text of sent.keys()) {
    opened[Number(text.split(" ")[1]) % opened.length]!.times.push(Infinity);
  }
  return {
    sameNode: summary(times.sameNode),
    otherNode: summary(times.otherNode),
    acked: summary(acked),
  };
}

export function summary(times: readonly number[]): Delivered {
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(times, share));
  return { count: times.length, p50: p50!, p99: p99!, max: max! };
}
