import { cut } from "actors/ai/assistant/cutting.ts";
import { Inquiry, type News, type Outcome } from "actors/ai/assistant/inquiry.ts";
import { callsByName } from "actors/ai/assistant/naming.ts";
import type { AssistantPorts } from "actors/ai/assistant/ports.ts";
import { type Line, promptFor, roomInstructions } from "actors/ai/assistant/prompt.ts";
import { NO_MODEL, NOTHING_SAID, regret, SWITCHED_OFF, TOO_MANY } from "actors/ai/assistant/regrets.ts";
import type { Self } from "actors/runtime/behaviour.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Item } from "protocol/items.ts";
import { cleanText, codePoints, mergeKey } from "protocol/text.ts";
import type { User } from "protocol/users.ts";
import type { ItemRecord, RoomRecord } from "storage/storage.ts";

type Speaker = Extract<Caller, { kind: "user" | "service" }>;

interface Question {
  /** Id of the answer, and of the item that will say it. */
  readonly answer: string;
  readonly asker: Speaker;
  readonly item: Item;
}

/** What the assistant needs of its room. */
export interface AssistedRoom {
  /** As it is now; undefined when nobody may speak in it any more. */
  readonly record: RoomRecord | undefined;
  isMuted(user: string): boolean;
  /** The newest items, ascending. */
  recent(limit: number): readonly Item[];
  speak(as: User, text: string, clientId: string): Promise<void>;
}

/**
 * The assistant of a room. Danmaku are light: what it is asked lives in memory only, equal questions of one tick are one,
 * and what is too much is counted. It answers one at a time.
 */
export class Assisting {
  readonly #self: Self;
  readonly #room: AssistedRoom;
  readonly #ports: AssistantPorts;
  readonly #inquiry: Inquiry;
  /** Who was the first to call it by that text, in this tick. */
  readonly #callers = new Map<string, Speaker>();
  #questions: readonly Question[] = [];
  #regretsAt = -Infinity;

  constructor(self: Self, room: AssistedRoom, ports: AssistantPorts) {
    this.#self = self;
    this.#room = room;
    this.#ports = ports;
    this.#inquiry = new Inquiry(self, ports.limits);
  }

  /** Somebody says this, and may. */
  notice(caller: Speaker, text: string): void {
    const assistant = this.#room.record?.assistant;
    if (assistant?.enabled !== true || !callsByName(text, assistant.name)) return;
    const key = mergeKey(text);
    if (!this.#callers.has(key)) this.#callers.set(key, caller);
  }

  /** What was said is stored: only now it is asked. */
  said(records: readonly ItemRecord[]): void {
    if (this.#callers.size === 0) return;
    const asked = records.flatMap(({ item }) => {
      const asker = this.#callers.get(mergeKey(item.text));
      return asker === undefined || item.assistant ? [] : [{ asker, item }];
    });
    this.#callers.clear();
    const { meters, limits: { questionsMax, perUserMax } } = this.#ports;
    for (const { asker, item } of asked) {
      meters.asked++;
      const own = this.#questions.filter((question) => question.asker.user.id === asker.user.id).length;
      if (this.#questions.length < questionsMax && own < perUserMax) {
        this.#questions = [...this.#questions, { answer: this.#self.ids.next(), asker, item }];
      } else {
        meters.dropped++;
        this.#self.after(0, "heard", { kind: "crowded" });
      }
    }
    if (this.#questions.length > 0) this.#goOn();
  }

  async assist(): Promise<void> {
    const [first] = this.#questions;
    if (first === undefined || this.#inquiry.current !== first.answer || !this.#isWanted(first)) {
      this.#inquiry.drop();
      return await this.#next();
    }
    this.#inquiry.look();
  }

  async heard(news: News | { readonly kind: "crowded" }): Promise<void> {
    if (news.kind === "crowded") return await this.#complain(TOO_MANY);
    const outcome = this.#inquiry.take(news);
    if (outcome === undefined) return;
    const [first, ...others] = this.#questions;
    if (first?.answer === news.answer) {
      this.#questions = others;
      this.#inquiry.settled(first.answer);
      if (this.#isWanted(first)) await this.#settle(first, outcome);
      else this.#ports.meters.dropped++;
    }
    await this.#next();
  }

  /** The room leaves memory, and what it was asked with it. */
  end(): void {
    this.#ports.meters.dropped += this.#questions.length;
    this.#questions = [];
  }

  async #next(): Promise<void> {
    for (let [first] = this.#questions; first !== undefined; [first] = this.#questions) {
      if (this.#isWanted(first) && await this.#ask(first)) return;
      if (!this.#isWanted(first)) this.#ports.meters.dropped++;
      this.#questions = this.#questions.slice(1);
      this.#inquiry.settled(first.answer);
    }
  }

  /** False when it came to nothing. */
  async #ask(question: Question): Promise<boolean> {
    const { assistant, title, settings } = this.#room.record!;
    const { catalogue, enabled, limits } = this.#ports;
    const { name, model, instructions } = assistant!;
    let contextTokens: number;
    try {
      ({ contextTokens } = await catalogue.find("text", model));
    } catch (error) {
      if (!(error instanceof BarrageError) || error.reason !== "not_found") throw error;
      await this.#settle(question, { kind: "failed", why: enabled ? NO_MODEL : SWITCHED_OFF });
      return false;
    }
    const { item, answer, asker } = question;
    const scene = {
      instructions: roomInstructions(name, title, settings.textMax, instructions),
      earlier: this.#room.recent(limits.earlierMax).filter(({ offset }) => offset < item.offset).map(lineOf),
      question: lineOf(item),
    };
    const maxTokens = Math.min(limits.roomTokens, Math.floor(contextTokens / 2));
    const messages = promptFor(scene, { contextTokens, answerTokens: maxTokens });
    this.#inquiry.begin({ answer, asker, model, messages, maxTokens });
    return true;
  }

  #isWanted({ asker }: Question): boolean {
    return this.#room.record?.assistant?.enabled === true && !this.#room.isMuted(asker.user.id);
  }

  async #settle({ asker, answer }: Question, outcome: Outcome): Promise<void> {
    const { meters } = this.#ports;
    const text = outcome.kind === "failed" ? "" : cleanText(outcome.text);
    if (text !== "") {
      meters.answered++;
      return await this.#speak(this.#addressed(asker.user.name, text), answer);
    }
    meters.failed++;
    await this.#complain(outcome.kind === "failed" ? outcome.why : NOTHING_SAID);
  }

  /** With the asker's name before it, where there is room for that. */
  #addressed(name: string, text: string): string {
    const { textMax } = this.#room.record!.settings;
    const to = `@${name} `;
    return codePoints(to) > textMax / 3 ? text : `${to}${text}`;
  }

  async #complain(why: string): Promise<void> {
    const now = this.#self.clock.monotonic();
    if (now - this.#regretsAt < this.#ports.limits.complainMs || this.#room.record === undefined) return;
    this.#regretsAt = now;
    await this.#speak(regret(why), this.#self.ids.next());
  }

  async #speak(text: string, clientId: string): Promise<void> {
    const { assistant, settings } = this.#room.record!;
    const [cutText] = cut(text, settings.textMax, 1);
    if (assistant === undefined || cutText === undefined) return;
    const { id, name } = assistant;
    await this.#room.speak({ id, name }, cutText, clientId);
  }

  #goOn(): void {
    this.#self.after(0, "assist", { wake: false });
  }
}

function lineOf({ user, text, count, assistant }: Item): Line {
  return { speaker: user.name, text: count > 1 ? `${text} (x${count})` : text, own: assistant === true };
}
