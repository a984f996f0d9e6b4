import { Chatter, CHATTING_ENV, type Member, signUp } from "../load/chatters.ts";
import { makeDataDir, startBarrage } from "../servers/contenders.ts";
import { type Delivered, summary } from "./chat_delivery.ts";

export interface SyncLoad {
  readonly people: number;
  /** Of each of them, with nobody else in common but the one who writes. */
  readonly conversations: number;
  /** Missed by each of them, over all conversations alike. */
  readonly messages: number;
  readonly restarts: number;
}

/** From the request to its answer at the client, in ms. */
export interface Syncs {
  /** The conversations are in memory. */
  readonly warm: Delivered;
  /** The first one after the node was started anew. */
  readonly first: Delivered;
  /** Of the others, who find their conversations in the database as well. */
  readonly cold: Delivered;
}

type Known = Record<string, number>;

/** People come back to an embedded node, one after the other, with what they knew before they left. */
export async function measureSync(load: SyncLoad): Promise<Syncs> {
  const dataDir = await makeDataDir();
  const warm: number[] = [];
  const first: number[] = [];
  const cold: number[] = [];
  let people: readonly Member[];
  let known: readonly Known[];
  {
    await using server = await startBarrage(dataDir, CHATTING_ENV);
    const [writer, ...readers] = await signUp([server.origin], load.people + 1);
    people = readers;
    known = await fill(server.origin, writer!, readers, load);
    for (const [nth, { token }] of people.entries()) {
      warm.push(await sync(server.origin, token, known[nth]!, load));
    }
    await server.stop();
  }
  for (let n = 0; n < load.restarts; n++) {
    await using server = await startBarrage(dataDir, CHATTING_ENV);
    for (const [nth, { token }] of people.entries()) {
      const time = await sync(server.origin, token, known[nth]!, load);
      (nth === 0 ? first : cold).push(time);
    }
    await server.stop();
  }
  return { warm: summary(warm), first: summary(first), cold: summary(cold) };
}

/** @returns What each of the people knew before the messages that they miss. */
async function fill(
  origin: string,
  writer: Member,
  people: readonly Member[],
  { conversations, messages }: SyncLoad,
): Promise<Known[]> {
  using pen = await Chatter.connect(origin, writer.token);
  const known: Known[] = [];
  for (const [nth, { token }] of people.entries()) {
    using reader = await Chatter.connect(origin, token);
    const groups: string[] = [];
    for (let n = 0; n < conversations; n++) {
      const { id } = await pen.call("chat.create", { id: `group-${nth}-${n}`, title: "Group", join: "open" });
      await reader.call("chat.join", { conversation: id });
      groups.push(id);
    }
    const { deltas } = await reader.call("chat.sync", { since: {} });
    known.push(Object.fromEntries(deltas.map(({ conversation, version }) => [conversation.id, version])));
    await Promise.all(Array.from({ length: messages }, (_, n) =>
      pen.call("chat.send", {
        conversation: groups[n % groups.length]!,
        id: `m${n}`,
        text: `Message ${n} of those that were missed, about as long as people write`,
      })));
  }
  return known;
}

async function sync(
  origin: string,
  token: string,
  since: Known,
  { conversations, messages }: SyncLoad,
): Promise<number> {
  using chatter = await Chatter.connect(origin, token);
  const began = performance.now();
  const { deltas, more } = await chatter.call("chat.sync", { since, limit: messages });
  const time = performance.now() - began;
  const got = deltas.reduce((sum, { messages }) => sum + messages.length, 0);
  if (deltas.length !== conversations || got !== messages || more) {
    throw new Error(`Cannot measure a sync: it brought ${got} messages of ${deltas.length} conversations`);
  }
  return time;
}
