import type { Edit, Message } from "protocol/chat.ts";
import { BarrageError } from "protocol/errors.ts";
import type { User } from "protocol/users.ts";
import type { MemberRecord, MessageStore } from "storage/conversation_storage.ts";
import type { Ledger } from "./ledger.ts";
import type { ConversationLimits } from "./limits.ts";
import type { ConversationRole } from "./permissions.ts";

export interface RevisingPorts {
  readonly messages: Pick<MessageStore, "range">;
  readonly limits: ConversationLimits;
}

/** What was said may be said otherwise, or taken back, for a while: history tells the new version only. */
export class Revising {
  readonly #ledger: Ledger;
  readonly #ports: RevisingPorts;

  constructor(ledger: Ledger, ports: RevisingPorts) {
    this.#ledger = ledger;
    this.#ports = ports;
  }

  async edit({ seq, text, attachments, mentions }: Edit, author: User): Promise<Message> {
    const message = await this.#find(seq);
    if (message.sender.id !== author.id) {
      throw new BarrageError("forbidden", "Only its sender edits a message");
    }
    if (message.kind !== "sent") {
      throw new BarrageError("conflict", "Cannot edit what was recalled or never sent");
    }
    const { text: _text, attachments: _attachments, mentions: _mentions, editedAt: _editedAt, ...kept } =
      message;
    const said = {
      ...(text === undefined ? {} : { text }),
      ...(attachments === undefined ? {} : { attachments }),
      ...(mentions === undefined ? {} : { mentions }),
    };
    if (same(said, { text: message.text, attachments: message.attachments, mentions: message.mentions })) {
      return message;
    }
    this.#inTime(message, this.#ports.limits.editMs);
    const version = this.#ledger.version + 1;
    const edited = { ...kept, ...said, version, editedAt: this.#ledger.now };
    await this.#ledger.commit({ version, rewritten: edited });
    return edited;
  }

  async recall(seq: number, by: User, roles: readonly ConversationRole[]): Promise<Message> {
    const message = await this.#find(seq);
    if (message.kind === "recalled") return message;
    if (message.kind === "change") {
      throw new BarrageError("conflict", "Only what somebody sent can be recalled");
    }
    if (message.sender.id === by.id && !isAbove(roles)) this.#inTime(message, this.#ports.limits.recallMs);
    else this.#mayRecall(message, by, roles);
    const { conversation, id, sender, at } = message;
    const version = this.#ledger.version + 1;
    const place = { conversation, seq, version, id, sender, at };
    const recalled: Message = { kind: "recalled", ...place, recalledAt: this.#ledger.now, by };
    await this.#ledger.commit({ version, rewritten: recalled });
    return recalled;
  }

  #mayRecall({ sender }: Message, by: User, roles: readonly ConversationRole[]): void {
    if (sender.id === by.id || roles.includes("owner") || roles.includes("operator")) return;
    const other: MemberRecord | undefined = this.#ledger.present.members.get(sender.id);
    if (roles.includes("admin") && (other?.state !== "member" || other.role === "member")) return;
    throw new BarrageError("forbidden", "Only those above its sender recall another's message");
  }

  #inTime({ at }: Message, withinMs: number): void {
    if (this.#ledger.now - at <= withinMs) return;
    throw new BarrageError(
      "conflict",
      `It is too late: a message can be changed for ${withinMs / 60_000} minutes`,
    );
  }

  /** @throws {BarrageError} `not_found`. */
  async #find(seq: number): Promise<Message> {
    const known = this.#ledger.present.recent.at(seq);
    if (known !== undefined) return known;
    const [record] = await this.#ports.messages.range(this.#ledger.id, { from: seq, to: seq }, 1, "first");
    if (record === undefined) throw new BarrageError("not_found", `No message ${seq}`);
    return record.message;
  }
}

/** Whoever keeps order in a group may recall at any time. */
function isAbove(roles: readonly ConversationRole[]): boolean {
  return roles.includes("owner") || roles.includes("admin") || roles.includes("operator");
}

function same(one: Record<string, unknown>, other: Record<string, unknown>): boolean {
  return ["text", "attachments", "mentions"].every((name) =>
    JSON.stringify(one[name]) === JSON.stringify(other[name])
  );
}
