import { groupId, groupNumber } from "actors/conversation/conversation_ids.ts";
import { newMember } from "actors/conversation/members.ts";
import { DEFAULT_GROUP_SETTINGS } from "protocol/chat.ts";
import { ulid } from "@std/ulid";
import { openPostgres } from "storage/postgres.ts";
import { Chatter, type Member, signUp } from "../load/chatters.ts";
import type { Cluster } from "../servers/cluster.ts";
import { delay } from "../wait.ts";
import { type Delivered, summary } from "./chat_delivery.ts";

export interface GroupLoad {
  readonly members: number;
  /** Of these, over all nodes. */
  readonly online: number;
  readonly messages: number;
  readonly everyMs: number;
}

export interface GroupDelivery {
  /** From sending a message until everybody who is online has it. */
  readonly all: Delivered;
  /** Until each single one of them has it. */
  readonly each: Delivered;
}

const PATIENCE_MS = 5_000;
const ENTERING_AT_ONCE = 16;

/** One message after the other to a large group, by members on all nodes in turn. */
export async function measureGroup(
  cluster: Cluster,
  { members, online, messages, everyMs }: GroupLoad,
  firstAccount: number,
): Promise<GroupDelivery> {
  using owned = new DisposableStack();
  const origins = cluster.nodes.map(({ url }) => url);
  const people = await signUp(origins, online, firstAccount);
  const group = await found(cluster.databaseUrl, people, members);
  const chatters: Chatter[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: ENTERING_AT_ONCE }, async () => {
    while (next < online) {
      const nth = next++;
      chatters[nth] = owned.use(await Chatter.live(origins[nth % origins.length]!, people[nth]!.token));
    }
  }));

  let text = "";
  let since = 0;
  let missing = 0;
  let everybody = Promise.withResolvers<void>();
  const each: number[] = [];
  const all: number[] = [];
  for (const chatter of chatters) {
    chatter.onMessage = (message) => {
      if (message.kind !== "sent" || message.text !== text) return;
      each.push(performance.now() - since);
      if (--missing === 0) everybody.resolve();
    };
  }
  for (let nth = 0; nth < messages; nth++) {
    everybody = Promise.withResolvers<void>();
    missing = online;
    text = `message ${nth}`;
    const [next] = [delay(everyMs)];
    since = performance.now();
    await chatters[nth % online]!.call("chat.send", { conversation: group, id: `m${nth}`, text });
    await Promise.race([everybody.promise, delay(PATIENCE_MS)]);
    all.push(missing === 0 ? performance.now() - since : Infinity);
    for (; missing > 0; missing--) each.push(Infinity);
    await next;
  }
  return { all: summary(all), each: summary(each) };
}

/** Straight into the database: joining one by one is not what is measured. Those beside the people have no account. */
async function found(url: string, people: readonly Member[], count: number): Promise<string> {
  await using storage = await openPostgres({ url });
  const [owner] = people;
  const id = groupId(owner!.id, "crowd");
  const others = Array.from({ length: count - people.length }, () => ulid());
  const rows = [...people.map((person) => person.id), ...others].map((user, nth) => ({
    ...newMember({ id: user, name: `Member ${nth}` }),
    role: nth === 0 ? "owner" as const : "member" as const,
    version: 1,
  }));
  const created = await storage.conversations.create(
    {
      kind: "group",
      id,
      createdAt: Date.now(),
      number: groupNumber(id, 0),
      settings: { ...DEFAULT_GROUP_SETTINGS, title: "Crowd", join: "open" },
    },
    0,
    [storage.memberships.put(id, rows)],
  );
  if (created !== "created") throw new Error(`Cannot make the group: ${created}`);
  return id;
}
