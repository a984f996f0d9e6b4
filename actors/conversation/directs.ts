import { BarrageError } from "protocol/errors.ts";
import type { User } from "protocol/users.ts";
import type { MemberRecord, MembershipStore, MessageStore } from "storage/conversation_storage.ts";
import { settingsEvent } from "./events.ts";
import type { Change, Ledger } from "./ledger.ts";
import type { ConversationLimits } from "./limits.ts";
import { newMember } from "./members.ts";
import type { People } from "./people.ts";
import { checkQuota } from "./quota.ts";

export interface DirectsPorts {
  readonly memberships: Pick<MembershipStore, "count">;
  readonly messages: Pick<MessageStore, "answered">;
  readonly people: People;
  readonly limits: ConversationLimits;
}

/** What is special where two talk: the first one makes the conversation, strangers are kept short, and either may block. */
export class Directs {
  readonly #ledger: Ledger;
  readonly #ports: DirectsPorts;
  /** Who has ever sent something; undefined until it is known. */
  #spoken: Set<string> | undefined;

  constructor(ledger: Ledger, ports: DirectsPorts) {
    this.#ledger = ledger;
    this.#ports = ports;
  }

  /** Finds out who has ever sent something. */
  async prepare(): Promise<void> {
    if (this.#spoken !== undefined || !this.#ledger.isDirect || !this.#ledger.exists) return;
    const { members, recent } = this.#ledger.present;
    const spoken = new Set<string>();
    const all = recent.from(1);
    for (const { user } of members.all()) {
      const seen = (all ?? recent.tail).some(({ sender }) => sender.id === user.id);
      const other = members.other(user.id);
      if (seen || (all === undefined && await this.#answered(other))) spoken.add(user.id);
    }
    this.#spoken = spoken;
  }

  /** @param ahead Those who send before, in the same batch. */
  refusal(sender: string, ahead: readonly string[]): BarrageError | undefined {
    if (!this.#ledger.exists) return this.#tooMuch(ahead.length, ahead.some((other) => other !== sender));
    const { members } = this.#ledger.present;
    const other = members.other(sender);
    if (other?.blocked === true) return new BarrageError("blocked");
    if (members.get(sender)?.blocked === true) {
      return new BarrageError("blocked", "You have blocked this user: unblock him first");
    }
    const answered = this.#spoken?.has(other?.user.id ?? "") === true;
    return this.#tooMuch(this.#ledger.head + ahead.length, answered || ahead.some((one) => one !== sender));
  }

  /** Remembers who has sent something. */
  heard(sender: string): void {
    this.#spoken?.add(sender);
  }

  /**
   * Makes the conversation.
   * @returns False when it was made meanwhile.
   * @throws {BarrageError} `not_found` when the other one has no account, `conflict` over the number of conversations.
   */
  async begin(by: User, peer: string, change: Change, own: Partial<MemberRecord> = {}): Promise<boolean> {
    const { people, memberships, limits } = this.#ports;
    const other = await people.find(peer);
    await checkQuota(memberships, by.id, limits.perUser);
    const { id, now } = this.#ledger;
    const members = [{ ...newMember(by), ...own }, newMember(other)]
      .map((member) => ({ ...member, version: change.version }));
    const record = { kind: "direct", id, createdAt: now } as const;
    const created = await this.#ledger.create(record, { ...change, members });
    this.#spoken = created === "created" ? new Set() : undefined;
    return created === "created";
  }

  /** Whether the other one shall get through to `by`. */
  async block(by: User, peer: string | undefined, blocked: boolean): Promise<void> {
    const version = this.#ledger.version + 1;
    if (!this.#ledger.exists) {
      if (!blocked) return;
      if (peer === undefined) throw new BarrageError("invalid_params", "Say whom", { path: "params.peer" });
      if (await this.begin(by, peer, { version }, { blocked })) return;
    }
    const own = this.#ledger.present.members.get(by.id);
    if (own === undefined || own.blocked === blocked) return;
    const row = { ...own, blocked, version: this.#ledger.version + 1 };
    await this.#ledger.commit({
      version: row.version,
      members: [row],
      events: [settingsEvent(settingsOf(this.#ledger.id, row), [by.id])],
    });
  }

  #tooMuch(sent: number, answered: boolean): BarrageError | undefined {
    if (answered || sent < this.#ports.limits.strangerMessages) return undefined;
    return new BarrageError("forbidden", "Wait for an answer before you write more");
  }

  async #answered(other: MemberRecord | undefined): Promise<boolean> {
    return other !== undefined && await this.#ports.messages.answered(this.#ledger.id, other.user.id);
  }
}

export function settingsOf(
  conversation: string,
  { version, muted, pinned, archived, blocked }: MemberRecord,
) {
  return { conversation, version, muted, pinned, archived, blocked };
}
