import { type Ai, type AiAnswer, BarrageCallError } from "client/mod.ts";
import type { AiTurn, AskAi } from "protocol/ai_methods.ts";
import { mergeTurns } from "./merge_turns.ts";
import { isOpen, type Turn, viewOf, type Wish } from "./turn.ts";

const PAGE = 30;
/** As the server has it. */
const TITLE_MAX = 80;

export interface ThreadModelOptions {
  readonly ai: Ai;
  readonly thread: string;
  /** Whether the server has never heard of it. */
  readonly fresh: boolean;
  readonly nextId: () => string;
  readonly changed: () => void;
  /** The server has a question, or an answer has ended: lists and other tabs may look again. */
  readonly moved: () => void;
  /** The last question cannot be asked again now; what was answered stands again. */
  readonly refused: (error: unknown) => void;
}

/** A conversation: its turns, as the server has them and as they come. */
export class ThreadModel {
  readonly #options: ThreadModelOptions;
  /** Answers that somebody has asked for anew here. */
  readonly #replaced = new Set<string>();
  /** Taken by the server after it was last asked what there is. */
  #young = new Set<string>();
  #turns: readonly Turn[] = [];
  #title: string | undefined;
  /** When the conversation had changed that was last seen. */
  #seenAt: number | undefined;
  #before: number | undefined;
  #begun: boolean;
  #closed = false;
  #looking: Promise<void> | undefined;

  constructor(options: ThreadModelOptions) {
    this.#options = options;
    this.#begun = !options.fresh;
  }

  get id(): string {
    return this.#options.thread;
  }

  get turns(): readonly Turn[] {
    return this.#turns;
  }

  get title(): string | undefined {
    return this.#title ?? this.#turns[0]?.question.replaceAll(/\s+/g, " ").slice(0, TITLE_MAX);
  }

  get hasEarlier(): boolean {
    return this.#before !== undefined;
  }

  get open(): Turn | undefined {
    return this.#turns.findLast(isOpen);
  }

  /**
   * What the server has.
   * @param changedAt When it changed there, if that is known: what was seen since is not asked for again.
   * @throws {BarrageCallError} `not_found`, `forbidden`, and what passes.
   */
  look(changedAt?: number): Promise<void> {
    if (!this.#begun || (changedAt !== undefined && changedAt === this.#seenAt)) return Promise.resolve();
    return this.#looking ??= this.#look().finally(() => this.#looking = undefined);
  }

  async earlier(): Promise<void> {
    if (this.#before === undefined) return;
    const { turns, next } = await this.#options.ai.thread(this.id, { before: this.#before, limit: PAGE });
    if (this.#closed) return;
    this.#before = next;
    const known = new Set(this.#turns.map(({ id }) => id));
    const fresh = turns.filter(({ answer }) => !known.has(answer.answer));
    this.#set([...fresh.map((turn) => this.#enter(turn)), ...this.#turns]);
  }

  ask(wish: Wish): void {
    const turn: Turn = {
      id: this.#options.nextId(),
      question: wish.text,
      asked: { status: "asking" },
      wish,
    };
    this.#set([...this.#turns, turn]);
    this.#send(turn, paramsOf(wish));
  }

  /** The last question once more; the answer there is stays away unless the server refuses. */
  again(last: Turn, model?: string): void {
    const turn: Turn = {
      id: this.#options.nextId(),
      question: last.question,
      asked: { status: "asking" },
    };
    this.#replaced.add(last.id);
    this.#put(last.id, turn);
    const params: AskAi = { feature: "text", regenerate: true, ...(model !== undefined && { model }) };
    this.#send(turn, params, last);
  }

  /**
   * Whatever it takes: what the server does not have is asked again, what has failed there is asked anew.
   * @param model For another answer in words.
   */
  retry(turn: Turn, model?: string): void {
    const { wish, asked } = turn;
    if (asked.status === "refused" && wish !== undefined) {
      this.#put(turn.id, { ...turn, asked: { status: "asking" } });
      return void this.#send(turn, paramsOf(wish));
    }
    const view = viewOf(turn);
    if (view === undefined) return;
    if (view.feature === "text") return this.again(turn, model);
    this.ask(wish ?? { feature: view.feature, model: view.model, text: turn.question });
  }

  async stop(): Promise<void> {
    const turn = this.open;
    if (turn?.asked.status === "live") await turn.asked.answer.cancel();
  }

  close(): void {
    this.#closed = true;
    for (const { asked } of this.#turns) if (asked.status === "live") asked.answer.leave();
  }

  async #look(): Promise<void> {
    this.#young = new Set(this.#turns.filter(({ asked }) => asked.status === "asking").map(({ id }) => id));
    const { thread, turns, next } = await this.#options.ai.thread(this.id, { limit: PAGE });
    if (this.#closed) return;
    this.#title = thread.title;
    this.#seenAt = thread.changedAt;
    const fromStart = next === undefined;
    if (fromStart || this.#turns.length === 0) this.#before = next;
    const merged = mergeTurns({
      ...{ shown: this.#turns, stored: turns, fromStart, replaced: this.#replaced, young: this.#young },
    }, (turn) => this.#enter(turn));
    const kept = new Set(merged);
    for (const turn of this.#turns) {
      if (!kept.has(turn) && turn.asked.status === "live") turn.asked.answer.leave();
    }
    if (merged.length === this.#turns.length && merged.every((turn, i) => turn === this.#turns[i])) return;
    this.#set(merged);
  }

  #enter({ question, answer: view }: AiTurn): Turn {
    const turn: Turn = { id: view.answer, question, asked: { status: "settled", view } };
    if (!isOpen(turn)) return turn;
    const answer = this.#options.ai.follow(view.answer, view);
    this.#listen(answer);
    return { ...turn, asked: { status: "live", answer } };
  }

  async #send(turn: Turn, params: AskAi, instead?: Turn): Promise<void> {
    this.#young.add(turn.id);
    try {
      const answer = this.#options.ai.ask({ ...params, thread: this.id, id: turn.id });
      await answer.asked();
      this.#begun = true;
      if (this.#closed) return answer.leave();
      this.#listen(answer);
      this.#young.add(answer.id);
      this.#put(turn.id, { ...turn, id: answer.id, asked: { status: "live", answer } });
      this.#options.moved();
    } catch (error) {
      if (!(error instanceof BarrageCallError)) console.error(error);
      if (instead !== undefined) this.#replaced.delete(instead.id);
      this.#put(turn.id, instead ?? { ...turn, asked: { status: "refused", error } });
      if (instead !== undefined) this.#options.refused(error);
    }
  }

  #listen(answer: AiAnswer): void {
    let { over } = answer;
    answer.on("change", () => {
      if (this.#closed) return;
      this.#options.changed();
      if (over || !answer.over) return;
      over = true;
      this.#options.moved();
    });
  }

  #put(id: string, turn: Turn): void {
    this.#set(this.#turns.map((one) => one.id === id ? turn : one));
  }

  #set(turns: readonly Turn[]): void {
    if (this.#closed) return;
    this.#turns = turns;
    this.#options.changed();
  }
}

function paramsOf({ feature, model, text, width, height, pages }: Wish): AskAi {
  return {
    ...{ feature, model, text },
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(pages !== undefined && { pages }),
  };
}
