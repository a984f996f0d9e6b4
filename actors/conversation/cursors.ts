import type { DeliveryCursor, ReadCursor } from "protocol/chat.ts";
import { BarrageError } from "protocol/errors.ts";
import type { User } from "protocol/users.ts";
import type { Call } from "actors/runtime/call.ts";
import type { MemberRecord } from "storage/conversation_storage.ts";
import { deliveredEvent, type PublishedEvent, readEvent } from "./events.ts";
import type { Ledger } from "./ledger.ts";

export type ReadCall = Call<{ seq: number }, ReadCursor>;
export type DeliveredCall = Call<{ seq: number }, DeliveryCursor>;

/** Which cursor moves, and how it is told. */
interface Movement {
  /** The row with its cursor at `seq`; undefined when it is there already. */
  readonly move: (member: MemberRecord, seq: number) => MemberRecord | undefined;
  readonly told: (member: MemberRecord, to: readonly string[] | undefined) => PublishedEvent;
}

/** How far each member has read, and of two also how far a device of theirs has it. */
export class Cursors {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  async read(calls: readonly ReadCall[], readers: readonly User[]): Promise<void> {
    await this.#move(calls, readers, {
      move: (member, seq) => {
        if (seq <= member.readSeq) return undefined;
        return { ...member, readSeq: seq, deliveredSeq: Math.max(seq, member.deliveredSeq) };
      },
      told: (member, to) => readEvent(this.#readCursor(member), to),
    });
    calls.forEach((call, n) => call.reply(this.#readCursor(this.#own(readers[n]!.id))));
  }

  async deliver(calls: readonly DeliveredCall[], owners: readonly User[]): Promise<void> {
    await this.#move(calls, owners, {
      move: (member, seq) => seq <= member.deliveredSeq ? undefined : { ...member, deliveredSeq: seq },
      told: (member, to) => deliveredEvent(this.#deliveryCursor(member), to),
    });
    calls.forEach((call, n) => call.reply(this.#deliveryCursor(this.#own(owners[n]!.id))));
  }

  /** One commit for all whose cursors have moved meanwhile. */
  async #move(
    calls: readonly { readonly input: { seq: number } }[],
    users: readonly User[],
    { move, told }: Movement,
  ): Promise<void> {
    const rows = new Map<string, MemberRecord>();
    let { version } = this.#ledger;
    calls.forEach(({ input }, n) => {
      const { id } = users[n]!;
      const moved = move(rows.get(id) ?? this.#own(id), Math.min(input.seq, this.#ledger.head));
      if (moved !== undefined) rows.set(id, { ...moved, version: ++version });
    });
    if (rows.size === 0) return;
    const members = [...rows.values()];
    const events = members.map((member) => told(member, this.#audience(member)));
    await this.#ledger.commit({ version, members, events });
  }

  /** In a group it is nobody else's business, and there may be thousands; nor is it that of somebody blocked. */
  #audience({ user, blocked }: MemberRecord): readonly string[] | undefined {
    return this.#ledger.isDirect && !blocked ? undefined : [user.id];
  }

  #own(user: string): MemberRecord {
    const own = this.#ledger.present.members.get(user);
    if (own?.state !== "member") throw new BarrageError("forbidden");
    return own;
  }

  #readCursor({ user, readSeq, version }: MemberRecord): ReadCursor {
    return { conversation: this.#ledger.id, version, user: user.id, readSeq };
  }

  #deliveryCursor({ user, deliveredSeq, version }: MemberRecord): DeliveryCursor {
    return { conversation: this.#ledger.id, version, user: user.id, deliveredSeq };
  }
}
