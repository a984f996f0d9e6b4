import type { Sent } from "protocol/chat.ts";
import { BarrageError } from "protocol/errors.ts";
import type { User } from "protocol/users.ts";
import type { z } from "zod";
import type { Call } from "actors/runtime/call.ts";
import type { Self } from "actors/runtime/behaviour.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { MemberRecord, MessageRecord, MessageStore, SentRecord } from "storage/conversation_storage.ts";
import type { Assisting } from "./assisting.ts";
import type { Sending as SendInput } from "./definition.ts";
import type { Directs } from "./directs.ts";
import type { Ledger } from "./ledger.ts";
import type { ConversationLimits } from "./limits.ts";
import { authorize, authorOf } from "./permissions.ts";
import { SendRates } from "./send_rates.ts";

export type SendCall = Call<z.output<typeof SendInput>, Sent>;

export interface SendingPorts {
  readonly messages: Pick<MessageStore, "sent">;
  readonly limits: ConversationLimits;
  readonly drops: Drops;
}

/** One message on its way; a retry of it that comes meanwhile waits with it. */
interface Draft {
  readonly calls: SendCall[];
  readonly sender: User;
  readonly clientId: string;
}

/** A call that may not send: it gets the answer of an earlier try, if one was stored. */
interface Refused {
  readonly call: SendCall;
  readonly error: BarrageError;
}

/** What one batch will store, in order. Few senders choose the id of another, so one id nearly always finds its draft. */
class Drafts {
  readonly all: Draft[] = [];
  readonly #byId = new Map<string, Draft>();

  find(sender: string, clientId: string): Draft | undefined {
    const found = this.#byId.get(clientId);
    if (found === undefined || found.sender.id === sender) return found;
    return this.#byId.get(`${sender} ${clientId}`);
  }

  add(draft: Draft): void {
    const { sender, clientId } = draft;
    this.all.push(draft);
    // An id of a client has no spaces.
    this.#byId.set(this.#byId.has(clientId) ? `${sender.id} ${clientId}` : clientId, draft);
  }
}

/** Takes what waits, stores it in one commit, tells it and acknowledges it: a batch has one order, and one price. */
export class Sending {
  readonly #self: Self;
  readonly #ledger: Ledger;
  readonly #directs: Directs;
  readonly #assisting: Pick<Assisting, "questionsIn" | "take">;
  readonly #ports: SendingPorts;
  readonly #rates: SendRates;

  constructor(
    self: Self,
    ledger: Ledger,
    directs: Directs,
    assisting: Pick<Assisting, "questionsIn" | "take">,
    ports: SendingPorts,
  ) {
    this.#self = self;
    this.#ledger = ledger;
    this.#directs = directs;
    this.#assisting = assisting;
    this.#ports = ports;
    this.#rates = new SendRates(ports.limits);
  }

  async send(calls: readonly SendCall[]): Promise<void> {
    await this.#ledger.load();
    await this.#directs.prepare();
    const drafts = new Drafts();
    const senders: string[] = [];
    const refused: Refused[] = [];
    for (const call of calls) {
      try {
        const sender = authorOf(call.caller);
        const { id: clientId } = call.input;
        if (this.#repeats(call, sender, drafts)) continue;
        this.#slow(sender);
        const error = this.#refusal(call, sender, senders);
        if (error !== undefined) {
          refused.push({ call, error });
          continue;
        }
        drafts.add({ calls: [call], sender, clientId });
        senders.push(sender.id);
      } catch (error) {
        this.#refuse(call, BarrageError.from(error));
      }
    }
    await this.#answerEarlier(refused);
    await this.#store(drafts.all);
  }

  #repeats(call: SendCall, sender: User, drafts: Drafts): boolean {
    const { id: clientId } = call.input;
    const earlier = this.#ledger.exists ? this.#ledger.present.recent.sent(sender.id, clientId) : undefined;
    if (earlier !== undefined) {
      call.reply(this.#ack(earlier));
      return true;
    }
    const twin = drafts.find(sender.id, clientId);
    twin?.calls.push(call);
    return twin !== undefined;
  }

  /** @throws {BarrageError} `rate_limited`. */
  #slow(sender: User): void {
    const retryAfterMs = this.#rates.take(sender.id, this.#self.clock.monotonic());
    if (retryAfterMs === 0) return;
    throw new BarrageError("rate_limited", "You send too fast to this conversation", { retryAfterMs });
  }

  /** Why the caller may not send; `ahead` are those who send before, in this batch. */
  #refusal({ caller, input }: SendCall, sender: User, ahead: readonly string[]): BarrageError | undefined {
    const row = this.#ledger.exists ? this.#ledger.present.members.get(sender.id) : undefined;
    try {
      const roles = authorize("send", caller, this.#ledger.partOf(caller, row, input.peer));
      if (input.replyTo !== undefined && input.replyTo > this.#ledger.head) {
        throw new BarrageError("invalid_params", "No such message", { path: "params.replyTo" });
      }
      if (this.#ledger.isDirect) return this.#directs.refusal(sender.id, ahead);
      if (!this.#ledger.group.settings.mutedAll || !roles.includes("member")) return undefined;
      return new BarrageError("muted", "Only the owner and admins may write here now");
    } catch (error) {
      return BarrageError.from(error);
    }
  }

  /** What was sent before somebody was blocked, muted or removed was sent, also when its answer was lost. */
  async #answerEarlier(refused: readonly Refused[]): Promise<void> {
    if (refused.length === 0) return;
    const found = await this.#find(refused.map(({ call }) => ({
      sender: authorOf(call.caller).id,
      clientId: call.input.id,
    })));
    for (const { call, error } of refused) {
      const earlier = found.get(`${authorOf(call.caller).id} ${call.input.id}`);
      if (earlier !== undefined) call.reply(this.#ack(earlier));
      else this.#refuse(call, error);
    }
  }

  async #store(drafts: readonly Draft[]): Promise<void> {
    let left = drafts;
    while (left.length > 0) left = this.#ledger.exists ? await this.#append(left) : await this.#begin(left);
  }

  /**
   * A conflict means that some of it was sent before memory reaches back: those are found and answered.
   * @returns What is still to be stored.
   */
  async #append(drafts: readonly Draft[]): Promise<readonly Draft[]> {
    const records = this.#records(drafts);
    const version = this.#ledger.version + records.length;
    const asked = this.#assisting.questionsIn(records);
    try {
      const members = this.#renamed(drafts, version);
      await this.#ledger.commit({ version, said: records, members, ...asked.change });
    } catch (error) {
      if (!(error instanceof BarrageError) || error.reason !== "conflict") throw error;
      return await this.#answerFound(drafts);
    }
    this.#acknowledgeAll(drafts, records);
    await this.#assisting.take(asked);
    return [];
  }

  /** The first message makes a direct conversation. */
  async #begin(drafts: readonly Draft[]): Promise<readonly Draft[]> {
    const [first, ...rest] = drafts as readonly [Draft, ...Draft[]];
    const { peer = "" } = first.calls[0]!.input;
    const records = this.#records(drafts);
    try {
      const change = { version: records.length, said: records };
      if (!await this.#directs.begin(first.sender, peer, change)) return drafts;
    } catch (error) {
      if (!(error instanceof BarrageError)) throw error;
      for (const call of first.calls) this.#refuse(call, error);
      return rest;
    }
    this.#acknowledgeAll(drafts, records);
    return [];
  }

  #records(drafts: readonly Draft[]): readonly MessageRecord[] {
    const { now } = this.#ledger;
    return drafts.map(({ calls, sender, clientId }, n) => {
      const { id: _id, peer: _peer, ...said } = calls[0]!.input;
      return { clientId, message: { kind: "sent", ...this.#ledger.place(n + 1, sender, now), ...said } };
    });
  }

  /** Members show the name under which they spoke last. */
  #renamed(drafts: readonly Draft[], version: number): MemberRecord[] {
    const { members } = this.#ledger.present;
    const renamed = new Map<string, MemberRecord>();
    for (const { sender } of drafts) {
      const member = members.get(sender.id);
      if (member !== undefined && member.user.name !== sender.name) {
        renamed.set(sender.id, { ...member, user: sender, version });
      }
    }
    return [...renamed.values()];
  }

  async #answerFound(drafts: readonly Draft[]): Promise<readonly Draft[]> {
    const found = await this.#find(drafts.map(({ sender, clientId }) => ({ sender: sender.id, clientId })));
    if (found.size === 0) throw new Error("The store refuses messages as sent before and knows of none");
    return drafts.filter(({ calls, sender, clientId }) => {
      const earlier = found.get(`${sender.id} ${clientId}`);
      if (earlier === undefined) return true;
      this.#acknowledge(calls, earlier);
      return false;
    });
  }

  async #find(
    ids: readonly { readonly sender: string; readonly clientId: string }[],
  ): Promise<ReadonlyMap<string, SentRecord>> {
    const found = await this.#ports.messages.sent(this.#ledger.id, ids);
    if (this.#ledger.exists) this.#ledger.present.recent.remember(found);
    return new Map(found.map((record) => [`${record.sender} ${record.clientId}`, record]));
  }

  #acknowledgeAll(drafts: readonly Draft[], records: readonly MessageRecord[]): void {
    drafts.forEach(({ calls, sender }, n) => {
      this.#directs.heard(sender.id);
      const { seq, id, at } = records[n]!.message;
      this.#acknowledge(calls, { seq, id, at });
    });
  }

  #acknowledge(calls: readonly SendCall[], sent: Omit<Sent, "conversation">): void {
    for (const call of calls) call.reply(this.#ack(sent));
  }

  #ack({ seq, id, at }: Omit<Sent, "conversation">): Sent {
    return { conversation: this.#ledger.id, seq, id, at };
  }

  #refuse(call: SendCall, error: BarrageError): void {
    this.#ports.drops.count("conversation", error.reason);
    call.fail(error);
  }
}
