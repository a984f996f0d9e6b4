import type { Barrage, BarrageOptions, ChatConversation } from "client/mod.ts";
import { openClient } from "./client.ts";
import { settle } from "./fake_clock.ts";

/** `hello` of the scripted network says that one is U1, Ann. */
export const ANN = { id: "U1", name: "Ann" };
export const BEN = { id: "U2", name: "Ben" };
export const DIRECT = "C1";

export function message(seq: number, more: object = {}) {
  return {
    ...{ kind: "sent", conversation: DIRECT, seq, version: seq, id: `M${seq}`, sender: BEN },
    ...{ at: 1_000 + seq, text: `text ${seq}` },
    ...more,
  };
}

export function messages(from: number, to: number, more: object = {}) {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => message(from + n, more));
}

/** A direct conversation with Ben at version `head`, nothing of it read. */
export function direct(head: number, more: object = {}) {
  return {
    ...{ id: DIRECT, kind: "direct", peer: BEN, version: head, head, oldestSeq: 1 },
    ...(head === 0 ? {} : { last: message(head) }),
    ...{ unread: head, mentions: 0, readSeq: 0, peerReadSeq: 0, deliveredSeq: 0, peerDeliveredSeq: 0 },
    ...{ muted: false, pinned: false, archived: false, blocked: false },
    ...more,
  };
}

export function delta(head: number, from = 1, more: object = {}) {
  return {
    ...{ state: "member", conversation: direct(head), version: head, messages: messages(from, head) },
    ...{ skipped: from > 1, ...more },
  };
}

/** A client that is live with these conversations. */
export async function liveChat(
  deltas: readonly object[] = [delta(3)],
  options: Partial<BarrageOptions> = {},
) {
  const client = await openClient(options);
  const started = client.barrage.chat.start();
  await settle();
  await client.network.newest.reply("chat.sync", { deltas, more: false });
  await started;
  const { chat } = client.barrage;
  return { ...client, chat, talk: chat.conversation(DIRECT) };
}

/** Texts of what is shown, those on their way with their state. */
export function shown({ messages }: ChatConversation): string[] {
  return messages.map((line) => {
    if (line.shown === "outgoing") return `${line.outgoing.draft.text} (${line.state.status})`;
    return line.message.kind === "sent" ? line.message.text ?? "" : line.message.kind;
  });
}

export async function syncAfterReconnect(
  { barrage: _, clock, network }: Pick<Awaited<ReturnType<typeof openClient>>, "clock" | "network"> & {
    barrage?: Barrage;
  },
  deltas: readonly object[] = [],
): Promise<void> {
  await network.newest.drop();
  await clock.advance(30_000);
  await network.newest.accept();
  await network.newest.reply("chat.sync", { deltas, more: false });
}
