import type {
  Conversation,
  ConversationDelta,
  GroupSummary,
  History,
  HistoryRange,
  Message,
  OwnSettings,
} from "protocol/chat.ts";
import { BarrageError } from "protocol/errors.ts";
import type { User } from "protocol/users.ts";
import type { MemberRecord, MessageStore, SeqRange } from "storage/conversation_storage.ts";
import { shownTo } from "actors/ai/assistant/ports.ts";
import { settingsOf } from "./directs.ts";
import { settingsEvent } from "./events.ts";
import type { Ledger } from "./ledger.ts";
import { newMember } from "./members.ts";

type Since = { readonly delta: ConversationDelta; readonly more: boolean };

/** What one member sees: everything since he came, as it stands now, and how much of it is new to him. */
export class Reading {
  readonly #ledger: Ledger;
  readonly #messages: Pick<MessageStore, "range" | "changed" | "countAfter">;

  constructor(ledger: Ledger, messages: Pick<MessageStore, "range" | "changed" | "countAfter">) {
    this.#ledger = ledger;
    this.#messages = messages;
  }

  /** A direct conversation that nobody has begun, as the caller sees it. */
  empty(peer: User): Conversation {
    const { readSeq, deliveredSeq, muted, pinned, archived, blocked } = newMember(peer);
    const { id } = this.#ledger;
    return {
      ...{ id, kind: "direct", peer, version: 0, head: 0, oldestSeq: 1, unread: 0, mentions: 0 },
      ...{ readSeq, peerReadSeq: 0, deliveredSeq, peerDeliveredSeq: 0 },
      ...{ muted, pinned, archived, blocked },
    };
  }

  async view(user: string): Promise<Conversation> {
    const { id, head, version } = this.#ledger;
    const { record, members, recent } = this.#ledger.present;
    const own = this.#own(user);
    const { readSeq, muted, pinned, archived, blocked } = own;
    const last = recent.last;
    const counts = await this.#counts(own);
    const oldestSeq = this.#oldestFor(own);
    return {
      ...{ id, kind: record.kind, version, head, oldestSeq, ...counts, readSeq },
      ...{ muted, pinned, archived, blocked },
      ...(last !== undefined && last.seq >= own.visibleFrom ? { last } : {}),
      ...(record.kind === "direct" ? { deliveredSeq: own.deliveredSeq, ...this.#peer(user) } : {
        group: {
          ...{ ...record.settings, number: record.number, members: members.count, role: own.role },
          ...(record.assistant === undefined
            ? {}
            : { assistant: shownTo(record.assistant, own.role !== "member") }),
        },
      }),
    };
  }

  summary(): GroupSummary {
    const { id, number, settings: { title, join } } = this.#ledger.group;
    return { id, number, title, members: this.#ledger.present.members.count, join };
  }

  async set(changed: Partial<OwnSettings>, user: string): Promise<void> {
    const own = this.#own(user);
    const { muted = own.muted, pinned = own.pinned, archived = own.archived } = changed;
    if (muted === own.muted && pinned === own.pinned && archived === own.archived) return;
    const version = this.#ledger.version + 1;
    const row = { ...own, muted, pinned, archived, version };
    const events = [settingsEvent(settingsOf(this.#ledger.id, row), [user])];
    await this.#ledger.commit({ version, members: [row], events });
  }

  /** @param row That of the caller, also when he has gone or is still to come. */
  async since(version: number | undefined, limit: number, row: MemberRecord): Promise<Since> {
    switch (row.state) {
      case "member":
        return await this.#sinceOfMember(version, limit, row);
      case "left":
      case "removed":
        return await this.#sinceOfFormer(version ?? row.version, limit, row);
      case "invited":
      case "asked": {
        const conversation = this.summary();
        return { delta: { state: row.state, conversation, version: row.version, messages: [] }, more: false };
      }
    }
  }

  async history(range: HistoryRange, user: string): Promise<History> {
    const oldestSeq = this.#oldestFor(this.#own(user));
    const seen = { from: oldestSeq, to: this.#ledger.head };
    const messages = await this.#page(range, seen);
    const [first, last] = [messages[0]?.seq, messages.at(-1)?.seq];
    if (first === undefined || last === undefined) {
      return {
        messages,
        older: "after" in range && seen.to >= seen.from,
        newer: "before" in range && seen.to >= seen.from,
        oldestSeq,
      };
    }
    return { messages, older: first > seen.from, newer: last < seen.to, oldestSeq };
  }

  async #page(range: HistoryRange, { from, to }: SeqRange): Promise<Message[]> {
    const { limit } = range;
    if ("before" in range) {
      return await this.#range({ from, to: Math.min(to, range.before - 1) }, limit, "last");
    }
    if ("after" in range) {
      return await this.#range({ from: Math.max(from, range.after + 1), to }, limit, "first");
    }
    const around = Math.min(to, Math.max(from, range.around));
    // Near an end the other side gets what is not needed here.
    const begin = Math.max(from, Math.min(around - Math.floor(limit / 2), to - limit + 1));
    return await this.#range({ from: begin, to }, limit, "first");
  }

  async #range({ from, to }: SeqRange, limit: number, end: "first" | "last"): Promise<Message[]> {
    if (from > to) return [];
    const begin = end === "first" ? from : Math.max(from, to - limit + 1);
    const finish = end === "first" ? Math.min(to, from + limit - 1) : to;
    const known = this.#ledger.present.recent.from(begin);
    if (known !== undefined) return known.slice(0, finish - begin + 1);
    const records = await this.#messages.range(this.#ledger.id, { from: begin, to: finish }, limit, "first");
    return records.map(({ message }) => message);
  }

  async #sinceOfMember(known: number | undefined, limit: number, row: MemberRecord): Promise<Since> {
    // Who knows more than we do has heard of another owner, or comes from before the database was set back.
    if (known !== undefined && known > this.#ledger.version) {
      await this.#ledger.confirm();
      known = undefined;
    }
    const { version, head } = this.#ledger;
    const seen = { from: this.#oldestFor(row), to: head };
    const conversation = await this.view(row.user.id);
    const state = "member";
    if (known === undefined) {
      const messages = await this.#range(seen, limit, "last");
      const skipped = messages.length < head - seen.from + 1;
      messages.sort((a, b) => a.version - b.version);
      return { delta: { state, conversation, version, messages, skipped }, more: false };
    }
    const messages = await this.#changed(seen, { after: known, to: version }, limit);
    const more = messages.length > limit;
    if (more) messages.length = limit;
    const reached = more ? messages.at(-1)!.version : version;
    return { delta: { state, conversation, version: reached, messages, skipped: false }, more };
  }

  /** Nothing that happened after he had gone, so not what was made of older messages then either. */
  async #sinceOfFormer(known: number, limit: number, row: MemberRecord): Promise<Since> {
    const seen = { from: this.#oldestFor(row), to: row.leftSeq ?? 0 };
    const [exit] = await this.#range({ from: seen.to, to: seen.to }, 1, "last");
    const versions = { after: known, to: exit?.version ?? 0 };
    const messages = exit === undefined
      ? []
      : await this.#messages.changed(this.#ledger.id, seen, versions, limit + 1);
    const more = messages.length > limit;
    if (more) messages.length = limit;
    const version = more ? messages.at(-1)!.version : Math.max(known, row.version);
    return { delta: { state: "gone", conversation: { id: this.#ledger.id }, version, messages }, more };
  }

  /** One more than `limit`, if there are. */
  async #changed(
    seen: SeqRange,
    versions: { readonly after: number; readonly to: number },
    limit: number,
  ): Promise<Message[]> {
    const known = this.#ledger.present.recent.changedAfter(versions.after);
    if (known !== undefined) return known.filter(({ seq }) => seq >= seen.from).slice(0, limit + 1);
    return await this.#messages.changed(this.#ledger.id, seen, versions, limit + 1);
  }

  /** Unread is what came after the cursor, one's own aside; it is computed, so it cannot drift. */
  async #counts(row: MemberRecord): Promise<{ unread: number; mentions: number }> {
    const { user, readSeq } = row;
    const read = Math.max(readSeq, this.#oldestFor(row) - 1);
    const after = this.#ledger.head - read;
    if (after <= 0) return { unread: 0, mentions: 0 };
    const known = this.#ledger.present.recent.from(read + 1);
    const { own, mentions } = known === undefined
      ? await this.#messages.countAfter(this.#ledger.id, user.id, read)
      : countIn(known, user.id);
    return { unread: after - own, mentions };
  }

  #oldestFor({ visibleFrom }: MemberRecord): number {
    return Math.max(visibleFrom, this.#ledger.firstSeq);
  }

  #own(user: string): MemberRecord {
    const own = this.#ledger.present.members.get(user);
    if (own?.state !== "member") throw new BarrageError("forbidden");
    return own;
  }

  /** Who has blocked the other one lets him see no more how far he reads. */
  #peer(user: string): Pick<Conversation, "peer" | "peerReadSeq" | "peerDeliveredSeq"> {
    const peer = this.#ledger.present.members.other(user);
    if (peer === undefined) return {};
    if (peer.blocked) return { peer: peer.user };
    return { peer: peer.user, peerReadSeq: peer.readSeq, peerDeliveredSeq: peer.deliveredSeq };
  }
}

function countIn(messages: readonly Message[], user: string): { own: number; mentions: number } {
  let own = 0;
  let mentions = 0;
  for (const message of messages) {
    if (message.sender.id === user) own++;
    if (message.kind === "sent" && message.mentions?.includes(user)) mentions++;
  }
  return { own, mentions };
}
