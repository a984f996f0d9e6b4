import type { Message } from "protocol/chat.ts";
import type { GroupRecord, MemberRecord, MessageRecord } from "storage/conversation_storage.ts";
import type { Storage } from "storage/storage.ts";
import { accountId } from "./account_records.ts";

const T = 1_700_000_000_000;

/** A ULID-shaped id that sorts by `n`. */
export function conversationId(n: number): string {
  return `01JD3Y4B6V8Q2Z5K7M9N0C${String(n).padStart(4, "0")}`;
}

export function conversationFence(n: number, epoch = 1) {
  return { noun: "conversation", id: conversationId(n), epoch } as const;
}

export function group(n: number, changed: Partial<GroupRecord> = {}): GroupRecord {
  return {
    kind: "group",
    id: conversationId(n),
    createdAt: T + n,
    number: String(100_000_000 + n),
    settings: {
      title: `Group ${n}`,
      announcement: "",
      join: "open",
      mutedAll: false,
      historyForNewcomers: false,
    },
    ...changed,
  };
}

export function person(n: number) {
  return { id: accountId(n), name: `User ${n}` };
}

export function member(n: number, changed: Partial<MemberRecord> = {}): MemberRecord {
  return {
    user: person(n),
    state: "member",
    role: "member",
    visibleFrom: 1,
    readSeq: 0,
    deliveredSeq: 0,
    version: 1,
    muted: false,
    pinned: false,
    archived: false,
    blocked: false,
    ...changed,
  };
}

/** Message `seq` of conversation 1, the version as great as the seq unless told, sent by user 1 as `c<seq>`. */
export function message(seq: number, changed: Partial<Message> = {}): Message {
  return {
    kind: "sent",
    conversation: conversationId(1),
    seq,
    version: seq,
    id: `01JD3Y4B6V8Q2Z5K7M9N0M${String(seq).padStart(4, "0")}`,
    sender: person(1),
    at: T + seq,
    text: `message ${seq}`,
    ...changed,
  } as Message;
}

export function sent(seq: number, changed: Partial<Message> = {}, clientId = `c${seq}`): MessageRecord {
  return { message: message(seq, changed), clientId };
}

export function sents(from: number, to: number): MessageRecord[] {
  return Array.from({ length: to - from + 1 }, (_, index) => sent(from + index));
}

export async function createGroups(storage: Storage, ...numbers: readonly number[]): Promise<void> {
  for (const n of numbers) await storage.conversations.create(group(n), 1, []);
}

/** The texts of a conversation. */
export async function texts({ messages }: Storage, n = 1): Promise<(string | undefined)[]> {
  const all = await messages.range(conversationId(n), { from: 1, to: 2 ** 53 - 1 }, 1_000, "first");
  return all.map(({ message }) => message.kind === "sent" ? message.text : undefined);
}
