import type { ConversationDelta, Message } from "protocol/chat.ts";
import { blocksOf, isAcked } from "./check_log.ts";
import type { Stays } from "./stays.ts";
import type { ChatViolation, Deed, DeviceStory, Sight, Stored } from "./story.ts";

type Of<K extends Sight["kind"]> = Extract<Sight, { kind: K }>;

interface Known {
  readonly stored: Stored;
  readonly stays: Stays;
  readonly deeds: readonly Deed[];
  /** When a version of a message was acked, by its place: edits and recalls. */
  readonly revised: ReadonlyMap<number, readonly { at: number; version: number; recalled: boolean }[]>;
  /** In the order of time: from then on the conversation is known to have so many messages. */
  readonly heads: readonly { at: number; head: number }[];
  readonly blocks: ReturnType<typeof blocksOf>;
}

/** What the devices of all saw, one thing after the other. */
export class SightChecker {
  readonly #known = new Map<string, Known>();
  /** What a message was at a version, however often and to whomever it was shown. */
  readonly #shown = new Map<string, string>();
  readonly #found: ChatViolation[] = [];

  add(conversation: string, stored: Stored, deeds: readonly Deed[], stays: Stays): void {
    this.#known.set(conversation, {
      ...{ stored, stays, deeds },
      revised: revisionsOf(deeds),
      heads: headsOf(deeds),
      blocks: blocksOf(deeds),
    });
    for (const { message } of stored.messages) this.#same(message);
  }

  check(device: DeviceStory): ChatViolation[] {
    this.#found.length = 0;
    this.#walk(device);
    return [...this.#found];
  }

  #walk({ device, user, sights }: DeviceStory): void {
    let socket = new SocketView();
    for (const sight of sights) {
      switch (sight.kind) {
        case "opened":
          socket = new SocketView();
          break;
        case "stale":
          socket.stale(sight.conversation);
          break;
        case "told": {
          const wrong = socket.told(sight.message);
          if (wrong !== undefined) this.#complain("untimely", `${device} ${wrong}`);
          this.#message(device, user, sight.message, undefined);
          break;
        }
        case "read":
          this.#read(device, user, sight);
          break;
        case "synced":
          socket.synced(sight);
          for (const delta of sight.deltas) this.#delta(device, user, delta, sight.askedAt);
          break;
        case "history":
          for (const message of sight.messages) this.#message(device, user, message, sight.askedAt);
          break;
        default:
          sight satisfies never;
      }
    }
  }

  #delta(device: string, user: string, delta: ConversationDelta, askedAt: number): void {
    const { id } = delta.conversation;
    for (const message of delta.messages) this.#message(device, user, message, askedAt);
    if (delta.state !== "member") return;
    const known = this.#known.get(id);
    if (known === undefined) return;
    const { head, readSeq, unread } = delta.conversation;
    const expected = known.heads.findLast(({ at }) => at < askedAt)?.head ?? 0;
    if (head < expected) {
      this.#complain("outdated", `${device} synced ${id} to ${head}, ${expected} was acked before he asked`);
    }
    const visibleFrom = known.stays.at(user, head)?.visibleFrom ?? 1;
    const real = unreadIn(known.stored, user, Math.max(readSeq, visibleFrom - 1), head);
    if (unread !== real) {
      const what = `${device} was shown ${unread} unread in ${id} (read ${readSeq} of ${head})`;
      this.#complain("miscounted", `${what}, there are ${real}`);
    }
  }

  /** @param askedAt When it was asked for; undefined when it was told unasked. */
  #message(device: string, user: string, message: Message, askedAt: number | undefined): void {
    const { conversation, seq, version } = message;
    const what = `${device} saw message ${seq} of ${conversation} at version ${version}`;
    const known = this.#known.get(conversation);
    const row = known?.stored.messages[seq - 1]?.message;
    if (known === undefined || row === undefined) return this.#complain("differs", `${what}, there is none`);
    if (!this.#same(message) || version > row.version || message.id !== row.id) {
      this.#complain("differs", `${what}, which is not what stands there`);
    }
    const stays = known.stays.of(user);
    if (
      !stays.some(({ visibleFrom, to, version: end }) => seq >= visibleFrom && seq <= to && version <= end)
    ) {
      this.#complain("leaked", `${what}, which is none of his business`);
    }
    if (askedAt === undefined) return;
    for (const { at, version: newer, recalled } of known.revised.get(seq) ?? []) {
      if (at >= askedAt || version >= newer) continue;
      const fault = recalled && message.kind === "sent" ? "recalled_seen" : "outdated";
      this.#complain(fault, `${what}, which became version ${newer} before he asked`);
    }
  }

  /** Nobody is told how far somebody reads who has blocked him, nor what nobody has read. */
  #read(device: string, user: string, { at, cursor }: Of<"read">): void {
    const known = this.#known.get(cursor.conversation);
    if (known === undefined) return;
    const what =
      `${device} was told that ${cursor.user} has read ${cursor.readSeq} of ${cursor.conversation}`;
    if (cursor.user !== user && known.stored.kind === "group") return this.#complain("leaked", what);
    const could = known.deeds.some(({ user: reader, act, tries }) =>
      reader === cursor.user && act.what === "read" && act.seq >= cursor.readSeq &&
      tries.some((one) =>
        one.at < at &&
        (cursor.user === user || !known.blocks.some(({ by, since, until }) =>
          by === reader && one.at > since && (one.answeredAt ?? Infinity) < until
        ))
      )
    );
    if (!could) this.#complain("leaked", what);
  }

  /** False when the same version of it was shown otherwise. */
  #same(message: Message): boolean {
    const { conversation, seq, version } = message;
    const key = `${conversation} ${seq} ${version}`;
    const content = contentOf(message);
    const shown = this.#shown.get(key);
    if (shown === undefined) this.#shown.set(key, content);
    return shown === undefined || shown === content;
  }

  #complain(fault: ChatViolation["fault"], detail: string): void {
    this.#found.push({ fault, detail });
  }
}

/** What a socket may be told: from its sync on, each version once, and nothing while it is stale. */
class SocketView {
  /** By conversation: the newest version that it was told, or that it had when it went live. */
  readonly #live = new Map<string, number>();

  told({ conversation, seq, version }: Message): string | undefined {
    const known = this.#live.get(conversation);
    const what = `was told message ${seq} of ${conversation} at version ${version}`;
    if (known === undefined) return `${what} before it had synced`;
    this.#live.set(conversation, Math.max(known, version));
    return version > known ? undefined : `${what} when it had ${known}`;
  }

  stale(conversation: string | undefined): void {
    if (conversation === undefined) this.#live.clear();
    else this.#live.delete(conversation);
  }

  synced({ since, deltas }: Of<"synced">): void {
    const gone: string[] = [];
    for (const { state, conversation: { id }, version } of deltas) {
      if (state === "member") this.#begin(id, version);
      else gone.push(id);
    }
    for (const [conversation, version] of Object.entries(since)) this.#begin(conversation, version);
    for (const conversation of gone) this.#live.delete(conversation);
  }

  /** What it was told before counts: an answer may be on its way while something newer is told. */
  #begin(conversation: string, version: number): void {
    if (!this.#live.has(conversation)) this.#live.set(conversation, version);
  }
}

/** What members see of a message; a name may change, the rest of its version may not. */
export function contentOf(message: Message): string {
  const { conversation: _conversation, sender, ...rest } = message;
  const entries = Object.entries(rest).filter(([name]) => name !== "by" && name !== "change");
  const change = message.kind === "change" ? message.change : undefined;
  const by = message.kind === "recalled" ? message.by.id : undefined;
  return JSON.stringify([sender.id, by, change, entries.toSorted(([a], [b]) => a < b ? -1 : 1)]);
}

export function unreadIn({ messages }: Stored, user: string, after: number, head: number): number {
  let unread = 0;
  for (let seq = after + 1; seq <= head; seq++) if (messages[seq - 1]?.message.sender.id !== user) unread++;
  return unread;
}

function revisionsOf(deeds: readonly Deed[]): Known["revised"] {
  const revised = new Map<number, { at: number; version: number; recalled: boolean }[]>();
  for (const { act, tries } of deeds) {
    if (act.what !== "edit" && act.what !== "recall") continue;
    for (const { answeredAt = Infinity, result } of tries.filter(isAcked)) {
      const { version } = result as Message;
      const one = { at: answeredAt, version, recalled: act.what === "recall" };
      const others = revised.get(act.seq);
      if (others === undefined) revised.set(act.seq, [one]);
      else others.push(one);
    }
  }
  return revised;
}

function headsOf(deeds: readonly Deed[]): Known["heads"] {
  const acks = deeds.filter(({ act }) => act.what === "send").flatMap(({ tries }) => tries.filter(isAcked))
    .map(({ answeredAt = Infinity, result }) => ({ at: answeredAt, head: (result as { seq: number }).seq }))
    .sort((a, b) => a.at - b.at);
  let highest = 0;
  return acks.map(({ at, head }) => ({ at, head: highest = Math.max(highest, head) }));
}
