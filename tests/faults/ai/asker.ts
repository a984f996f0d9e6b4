import { ulid } from "@std/ulid";
import { CallFailed, type Dial, type Line } from "../chat/line.ts";

/** One question of one asker, however often it had to be asked. */
export interface Question {
  readonly asker: string;
  readonly answer: string;
  readonly content: string;
  /** Milliseconds on the monotonic clock of the suite, as all times here. */
  readonly at: number;
  readonly text: string;
  readonly ending: Ending;
}

export type Ending =
  | { readonly kind: "open" }
  | { readonly kind: "done"; readonly at: number }
  | { readonly kind: "failed"; readonly at: number; readonly reason: string; readonly message: string };

interface View {
  readonly answer: string;
  readonly state: string;
  readonly attempt: number;
  readonly offset: number;
  readonly text: string;
  readonly error?: { readonly reason: string; readonly message: string };
}

interface Told {
  readonly answer: string;
  readonly attempt: number;
  readonly offset: number;
  readonly text?: string;
  readonly state?: string;
  readonly error?: { readonly reason: string; readonly message: string };
}

const AGAIN_MS = 300;
const PING_MS = 1_000;

/** What a reader keeps of the answer that he waits for. */
class Notes {
  text = "";
  attempt = 0;
  ending: Ending = { kind: "open" };
  readonly ended = Promise.withResolvers<void>();

  constructor(readonly answer: string, readonly content: string, readonly at: number) {}

  view({ attempt, text, state, error }: View): void {
    this.attempt = attempt;
    this.text = text;
    this.#end(state, error);
  }

  hear(method: string, { attempt, offset, text = "", state = "", error }: Told): void {
    switch (method) {
      case "ai.delta":
        if (offset !== this.text.length) throw new Error(`A gap: ${offset} after ${this.text.length}`);
        this.attempt = attempt;
        this.text += text;
        return;
      case "ai.resumed":
        this.attempt = attempt;
        this.text = this.text.slice(0, offset);
        return;
      case "ai.done":
        return this.#end(state, error);
    }
  }

  #end(state: string, error: View["error"]): void {
    const at = performance.now();
    if (state === "done") this.ending = { kind: "done", at };
    else if (state === "failed" || state === "cancelled") {
      this.ending = { kind: "failed", at, reason: error?.reason ?? state, message: error?.message ?? "" };
    } else return;
    this.ended.resolve();
  }
}

/** Asks one question after the other, over a socket that may be lost at any time. */
export class Asker {
  readonly questions: Question[] = [];
  /** What was seen that no reader may see. */
  readonly oddities: string[] = [];
  readonly refusals = new Map<string, number>();
  readonly #dial: Dial;
  #line: Line | undefined;
  #notes: Notes | undefined;
  #lost: PromiseWithResolvers<void> = Promise.withResolvers();
  #asking = true;

  constructor(readonly name: string, readonly model: string, dial: Dial) {
    this.#dial = dial;
  }

  get endedAt(): number {
    const ending = this.questions.at(-1)?.ending;
    return ending === undefined || ending.kind === "open" ? -Infinity : ending.at;
  }

  /** The lower quartile of how long he waited for an answer: those that a fault delayed do not move it. */
  get waitMs(): number {
    const waits = this.questions.flatMap(({ at, ending }) => ending.kind === "done" ? [ending.at - at] : []);
    return waits.sort((one, other) => one - other)[waits.length >> 2] ?? Infinity;
  }

  /** Asks until it is stopped; the last question is waited for. */
  async live(): Promise<void> {
    const pinging = setInterval(() => this.#ping(), PING_MS);
    for (let n = 0; this.#asking; n++) await this.#ask(`${this.name} asks question ${n}`);
    clearInterval(pinging);
    this.#line?.close();
  }

  stop(): void {
    this.#asking = false;
  }

  async #ask(content: string): Promise<void> {
    const notes = new Notes(ulid(), content, performance.now());
    this.#notes = notes;
    while (notes.ending.kind === "open") {
      try {
        const line = await this.#connected();
        const params = { id: notes.answer, model: this.model, text: content };
        // A line that was lost is noticed while waiting for the end.
        await line.call("ai.ask", params, (result) => notes.view((result as { view: View }).view));
        await Promise.race([notes.ended.promise, this.#lost.promise]);
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        this.refusals.set(error.reason, (this.refusals.get(error.reason) ?? 0) + 1);
        await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? AGAIN_MS));
      }
    }
    const { answer, at, text, ending } = notes;
    this.questions.push({ asker: this.name, answer, content, at, text, ending });
  }

  async #connected(): Promise<Line> {
    if (this.#line !== undefined) return this.#line;
    const lost = Promise.withResolvers<void>();
    // A line may be lost before it is handed over.
    let gone = false;
    const line = await this.#dial({
      hear: (method, params) => this.#hear(method, params as Told),
      lost: () => {
        gone = true;
        this.#line = undefined;
        lost.resolve();
      },
    });
    this.#lost = lost;
    if (!gone) this.#line = line;
    return line;
  }

  /** A node that stands still keeps its sockets: only who asks notices. */
  #ping(): void {
    this.#line?.call("session.ping", {}, () => {}).catch((error) => {
      if (!(error instanceof CallFailed)) throw error;
    });
  }

  #hear(method: string, told: Told): void {
    if (told.answer !== this.#notes?.answer) return;
    try {
      this.#notes.hear(method, told);
    } catch (error) {
      this.oddities.push(String(error));
    }
  }
}
