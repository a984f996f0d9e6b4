import { assistantOf, type AssistantPorts, sameAssistant, shownTo } from "actors/ai/assistant/ports.ts";
import { cut } from "actors/ai/assistant/cutting.ts";
import { Inquiry, type News, type Outcome } from "actors/ai/assistant/inquiry.ts";
import { groupInstructions, type Line, promptFor } from "actors/ai/assistant/prompt.ts";
import {
  NO_MODEL,
  NOTHING_SAID,
  regret,
  SWITCHED_OFF,
  TOO_MANY,
  TOO_OLD,
} from "actors/ai/assistant/regrets.ts";
import type { Self } from "actors/runtime/behaviour.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { SetAssistant } from "protocol/assistants.ts";
import { CHAT_TEXT_MAX, type Message } from "protocol/chat.ts";
import { BarrageError } from "protocol/errors.ts";
import { cleanLines } from "protocol/text.ts";
import type { User } from "protocol/users.ts";
import type {
  AssistantRecord,
  MessageRecord,
  MessageStore,
  QuestionRecord,
} from "storage/conversation_storage.ts";
import type { Change, Ledger } from "./ledger.ts";
import type { Typing } from "./typing.ts";

/** What of messages that are about to be stored is asked of the assistant. */
export interface Asked {
  /** Goes into the same commit. */
  readonly change: Pick<Change, "group" | "beside">;
  readonly taken: readonly QuestionRecord[];
  /** `seq` of those that are one too many. */
  readonly refused: readonly number[];
}

const NOTHING: Asked = { change: {}, taken: [], refused: [] };
const WAKE = "assistant";

/**
 * The assistant of a group. A question is stored in the commit of the message that asks it, with the id of its answer, and
 * goes in the commit of the message that answers it: so it is answered once, whatever ends in between. One at a time.
 */
export class Assisting {
  readonly #self: Self;
  readonly #ledger: Ledger;
  readonly #typing: Typing;
  readonly #messages: Pick<MessageStore, "range">;
  readonly #ports: AssistantPorts;
  readonly #inquiry: Inquiry;
  /** When it last said that it cannot answer; monotonic. */
  #regretsAt = -Infinity;

  constructor(
    self: Self,
    ledger: Ledger,
    typing: Typing,
    messages: Pick<MessageStore, "range">,
    ports: AssistantPorts,
  ) {
    this.#self = self;
    this.#ledger = ledger;
    this.#typing = typing;
    this.#messages = messages;
    this.#ports = ports;
    this.#inquiry = new Inquiry(self, ports.limits);
  }

  /** An owner before this one may have left something unanswered. */
  wake(): void {
    if (this.#questions.length > 0) this.#goOn();
  }

  async set(given: SetAssistant, by: User): Promise<void> {
    const before = this.#ledger.group.assistant;
    const assistant = await assistantOf(given, before, this.#ports, () => this.#self.ids.next());
    if (!sameAssistant(before, assistant)) await this.#replace(assistant, by);
  }

  async remove(by: User): Promise<void> {
    if (this.#ledger.group.assistant !== undefined) await this.#replace(null, by);
  }

  questionsIn(records: readonly MessageRecord[]): Asked {
    const assistant = this.#assistant;
    if (assistant === undefined || !assistant.enabled) return NOTHING;
    const { questionsMax, perUserMax } = this.#ports.limits;
    const questions = [...this.#questions];
    const refused: number[] = [];
    for (const { message } of records) {
      if (message.kind !== "sent" || message.mentions?.includes(assistant.id) !== true) continue;
      const { seq, sender: asker, at } = message;
      const own = questions.filter(({ asker: { id } }) => id === asker.id).length;
      if (questions.length >= questionsMax || own >= perUserMax) refused.push(seq);
      else questions.push({ seq, answer: this.#self.ids.next(), asker, at });
    }
    const taken = questions.slice(this.#questions.length);
    if (taken.length === 0) return { change: {}, taken, refused };
    return { change: { group: { questions }, beside: [this.#wakeLater()] }, taken, refused };
  }

  /** They are stored. */
  async take({ taken, refused }: Asked): Promise<void> {
    if (taken.length + refused.length === 0) return;
    const { meters } = this.#ports;
    meters.asked += taken.length + refused.length;
    meters.dropped += refused.length;
    if (taken.length > 0) this.#goOn();
    const [first] = refused;
    if (first !== undefined) await this.#complain(first, TOO_MANY);
  }

  /** @param wake The durable timer asks: it is set again while something is to be answered. */
  async assist(wake: boolean): Promise<void> {
    if (wake && this.#questions.length > 0) {
      await this.#ledger.commit({ version: this.#ledger.version, beside: [this.#wakeLater()] });
    }
    const [first] = this.#questions;
    if (first === undefined || this.#inquiry.current !== first.answer || !await this.#isWanted(first)) {
      this.#inquiry.drop();
      return await this.#next();
    }
    this.#showTyping();
    this.#inquiry.look();
  }

  async heard(news: News): Promise<void> {
    const outcome = this.#inquiry.take(news);
    if (outcome === undefined) return;
    const [first] = this.#questions;
    if (first?.answer === news.answer) {
      if (await this.#isWanted(first)) await this.#settle(first, outcome);
      else await this.#pass(first);
    }
    await this.#next();
  }

  get #assistant(): AssistantRecord | undefined {
    if (!this.#ledger.exists) return undefined;
    const { record } = this.#ledger.present;
    return record.kind === "group" ? record.assistant : undefined;
  }

  get #questions(): readonly QuestionRecord[] {
    if (!this.#ledger.exists) return [];
    const { record } = this.#ledger.present;
    return record.kind === "group" ? record.questions ?? [] : [];
  }

  /** The first question that is still wanted is asked. */
  async #next(): Promise<void> {
    for (let [first] = this.#questions; first !== undefined; [first] = this.#questions) {
      if (!await this.#isWanted(first)) await this.#pass(first);
      else if (this.#ledger.now - first.at > this.#ports.limits.staleMs) {
        await this.#settle(first, { kind: "failed", why: TOO_OLD });
      } else if (await this.#ask(first)) return;
    }
  }

  /** False when it is settled already. */
  async #ask(question: QuestionRecord): Promise<boolean> {
    const assistant = this.#assistant!;
    const { catalogue, enabled, limits } = this.#ports;
    const asked = await this.#message(question.seq);
    if (asked === undefined) return false;
    let contextTokens: number;
    try {
      ({ contextTokens } = await catalogue.find("text", assistant.model));
    } catch (error) {
      if (!(error instanceof BarrageError) || error.reason !== "not_found") throw error;
      await this.#settle(question, { kind: "failed", why: enabled ? NO_MODEL : SWITCHED_OFF });
      return false;
    }
    const { name, model, instructions } = assistant;
    const scene = {
      instructions: groupInstructions(name, this.#ledger.group.settings.title, instructions),
      earlier: await this.#earlier(question, assistant.id),
      question: lineOf(asked, assistant.id),
    };
    const maxTokens = Math.min(limits.groupTokens, Math.floor(contextTokens / 2));
    const messages = promptFor(scene, { contextTokens, answerTokens: maxTokens });
    const asker: Caller = {
      ...{ kind: "user", user: question.asker, standing: "member" },
      // It outlives the session that it was asked in, which nobody looks at here.
      session: question.answer,
    };
    this.#inquiry.begin({ answer: question.answer, asker, model, messages, maxTokens });
    this.#showTyping();
    return true;
  }

  /** What was said before the question, as far as who asks may see it, and what was answered since. */
  async #earlier({ seq, asker }: QuestionRecord, assistant: string): Promise<Line[]> {
    const { firstSeq, id, present: { members, recent } } = this.#ledger;
    const seen = Math.max(firstSeq, members.get(asker.id)?.visibleFrom ?? seq);
    const { earlierMax } = this.#ports.limits;
    const range = { from: Math.max(seen, seq - earlierMax), to: seq - 1 };
    const before = recent.from(range.from)?.slice(0, seq - range.from) ??
      (await this.#messages.range(id, range, earlierMax, "first")).map(({ message }) => message);
    const since = recent.tail.filter((message) => message.seq > seq && message.sender.id === assistant);
    return [...before, ...since]
      .flatMap((message) => message.kind === "sent" ? [lineOf(message, assistant)] : []);
  }

  async #message(seq: number): Promise<Extract<Message, { kind: "sent" }> | undefined> {
    const { id, firstSeq, present: { recent } } = this.#ledger;
    if (seq < firstSeq) return undefined;
    const message = recent.at(seq) ??
      (await this.#messages.range(id, { from: seq, to: seq }, 1, "first"))[0]?.message;
    return message?.kind === "sent" ? message : undefined;
  }

  /** Not of an assistant that is gone, nor of somebody who is; nor when it was recalled, or may not be said any more. */
  async #isWanted({ seq, asker }: QuestionRecord): Promise<boolean> {
    const { settings, assistant } = this.#ledger.group;
    const row = this.#ledger.present.members.get(asker.id);
    if (assistant?.enabled !== true || row?.state !== "member") return false;
    if (settings.mutedAll && row.role === "member") return false;
    return await this.#message(seq) !== undefined;
  }

  /** Nobody is answered, and nobody told. */
  async #pass(question: QuestionRecord): Promise<void> {
    this.#ports.meters.dropped++;
    await this.#done(question, []);
  }

  async #settle(question: QuestionRecord, outcome: Outcome): Promise<void> {
    const { limits, meters } = this.#ports;
    const texts = outcome.kind === "failed"
      ? []
      : cut(cleanLines(outcome.text), CHAT_TEXT_MAX, limits.messagesMax);
    if (texts.length > 0) {
      meters.answered++;
      return await this.#done(question, texts);
    }
    meters.failed++;
    const why = outcome.kind === "failed" ? outcome.why : NOTHING_SAID;
    await this.#done(question, this.#mayComplain() ? [regret(why)] : []);
  }

  /** What is said of it and that it is settled are one commit. */
  async #done({ seq, answer }: QuestionRecord, texts: readonly string[]): Promise<void> {
    const questions = this.#questions.filter((question) => question.answer !== answer);
    const said = this.#records(texts, seq, answer);
    await this.#ledger.commit({
      version: this.#ledger.version + said.length,
      ...(said.length === 0 ? {} : { said }),
      group: { questions },
      beside: questions.length === 0 ? [this.#self.cancelTimer(WAKE)] : [],
    });
    this.#inquiry.settled(answer);
  }

  async #complain(seq: number, why: string): Promise<void> {
    if (!this.#mayComplain()) return;
    const said = this.#records([regret(why)], seq, this.#self.ids.next());
    await this.#ledger.commit({ version: this.#ledger.version + said.length, said });
  }

  /** Where only some may write it keeps quiet about what it cannot do. */
  #mayComplain(): boolean {
    const now = this.#self.clock.monotonic();
    if (this.#ledger.group.settings.mutedAll) return false;
    if (now - this.#regretsAt < this.#ports.limits.complainMs) return false;
    this.#regretsAt = now;
    return true;
  }

  /** Under the id of the answer a text is said once, also should it be tried again. */
  #records(texts: readonly string[], replyTo: number, answer: string): MessageRecord[] {
    if (texts.length === 0) return [];
    const { now } = this.#ledger;
    const { id, name } = this.#assistant!;
    return texts.map((text, n) => ({
      clientId: n === 0 ? answer : `${answer}.${n + 1}`,
      message: {
        kind: "sent",
        ...this.#ledger.place(n + 1, { id, name }, now),
        ...{ text, replyTo, assistant: true },
      },
    }));
  }

  async #replace(assistant: AssistantRecord | null, by: User): Promise<void> {
    const place = this.#ledger.place(1, by, this.#ledger.now);
    const shown = assistant === null ? {} : { assistant: shownTo(assistant) };
    await this.#ledger.commit({
      version: place.version,
      said: [{
        message: {
          kind: "change",
          ...place,
          change: { what: "assistant", ...shown },
        },
      }],
      group: { assistant },
    });
    if (this.#questions.length > 0) this.#goOn();
  }

  #showTyping(): void {
    const { id, name } = this.#assistant!;
    // Muted or not: who was asked may answer.
    this.#typing.show({ id, name }, ["admin"]);
  }

  #wakeLater() {
    return this.#self.setTimer(WAKE, this.#ledger.now + this.#ports.limits.wakeMs, "assist", { wake: true });
  }

  #goOn(): void {
    this.#self.after(0, "assist", { wake: false });
  }
}

function lineOf(
  { sender, text, attachments = [] }: Extract<Message, { kind: "sent" }>,
  assistant: string,
): Line {
  const files = attachments.map(({ type }) => `[${type}]`);
  const own = sender.id === assistant;
  return { speaker: sender.name, text: [...(text === undefined ? [] : [text]), ...files].join(" "), own };
}
