import type { AiOptions, AiRequest, Feature } from "protocol/ai.ts";
import type { AiModel } from "protocol/ai_methods.ts";
import { BarrageError } from "protocol/errors.ts";
import type { User } from "protocol/users.ts";
import type { Behaviour, Factory, Self, Turn } from "actors/runtime/behaviour.ts";
import type { Input, Output } from "actors/runtime/definition.ts";
import type { AnswerRecord, AnswerStore, ThreadRecord, ThreadStore, TurnRecord } from "storage/ai_storage.ts";
import { answerActor } from "../answer/definition.ts";
import type { Catalogue } from "../catalogue.ts";
import type { ThreadVerb, ThreadVerbs } from "./definition.ts";
import { authorize } from "./permissions.ts";
import { type Exchange, messagesFor } from "./window.ts";

/** Turns that may go along with a question; how many do is for the model's window to say. */
const EARLIER_MAX = 40;
const TITLE_MAX = 80;

type In<V extends ThreadVerb> = Input<ThreadVerbs[V]>;
type Out<V extends ThreadVerb> = Output<ThreadVerbs[V]>;

export interface ThreadPorts {
  readonly threads: ThreadStore;
  readonly answers: Pick<AnswerStore, "read" | "readMany">;
  readonly catalogue: Catalogue;
}

export function threadFactory(ports: ThreadPorts): Factory<ThreadVerbs> {
  return (self) => new Thread(self, ports);
}

/** What is asked in a turn. */
interface Question {
  readonly text: string;
  /** The turn that is asked again. */
  readonly again?: TurnRecord;
  readonly earlier: readonly Exchange[];
}

class Thread implements Behaviour<ThreadVerbs> {
  readonly #self: Self;
  readonly #ports: ThreadPorts;
  #record: ThreadRecord | undefined;
  #head = 0;

  constructor(self: Self, ports: ThreadPorts) {
    this.#self = self;
    this.#ports = ports;
  }

  async onActivate(): Promise<void> {
    await this.#load();
  }

  async ask(input: In<"ask">, turn: Turn): Promise<Out<"ask">> {
    await this.#load();
    const owner = this.#authorize("ask", turn);
    const turns = await this.#turns();
    const known = turns.find(({ answer }) => answer === input.answer);
    if (known !== undefined) {
      const view = await turn.ref(answerActor, known.answer).follow({ from: 0 });
      return { answer: known.answer, merged: false, view, seq: known.seq };
    }
    const question = await this.#question(input, turns);
    const { model, contextTokens } = await this.#model(input.make?.feature ?? "text", input.model);
    const request = input.make ?? inWords(question, input.options ?? {}, contextTokens);
    const ref = turn.ref(answerActor, input.answer);
    const { detached = false } = input;
    const asked = await ref.ask({ model, request, band: "normal", detached, thread: this.#self.key });
    return { ...asked, seq: await this.#append(question, asked.answer, owner, model) };
  }

  async history(
    { before = Number.MAX_SAFE_INTEGER, limit }: In<"history">,
    turn: Turn,
  ): Promise<Out<"history">> {
    await this.#load();
    this.#authorize("history", turn);
    const { id: thread, title, model, createdAt, changedAt } = this.#present;
    const page = await this.#ports.threads.turns(this.#self.key, { before, limit });
    const turns = page.filter(({ replacedBy }) => replacedBy === undefined)
      .map(({ seq, question, answer }) => ({ seq, question, answer }));
    const next = page.length < limit ? undefined : page[0]?.seq;
    return {
      ...{ thread: { thread, title, model, createdAt, changedAt }, turns },
      ...(next === undefined ? {} : { next }),
    };
  }

  async forget(_input: In<"forget">, turn: Turn): Promise<Record<string, never>> {
    await this.#load();
    this.#authorize("forget", turn);
    if (this.#record === undefined) return {};
    const [last] = (await this.#turns()).slice(-1);
    const open = last !== undefined && isOpen(await this.#ports.answers.read(last.answer));
    // What is still being said would stay behind.
    if (open) await turn.ref(answerActor, last.answer).cancel({});
    await this.#self.commit([this.#ports.threads.erase(this.#self.key)]);
    this.#record = undefined;
    this.#head = 0;
    return {};
  }

  /** Looked for each time until there is one, as another owner may have begun it. */
  async #load(): Promise<void> {
    if (this.#record !== undefined) return;
    const stored = await this.#ports.threads.acquire(this.#self.key, this.#self.epoch);
    if (stored === undefined) return;
    this.#record = stored.thread;
    this.#head = stored.head;
  }

  /** @throws {BarrageError} `not_found`. */
  get #present(): ThreadRecord {
    if (this.#record === undefined) throw new BarrageError("not_found", `No thread ${this.#self.key}`);
    return this.#record;
  }

  /** The one that is named, or the thread's own where that can do it, or the first there is. */
  async #model(feature: Feature, named: string | undefined): Promise<AiModel> {
    const { catalogue } = this.#ports;
    if (named !== undefined) return await catalogue.find(feature, named);
    const own = (await catalogue.list()).find((one) =>
      one.feature === feature && one.model === this.#record?.model
    );
    return own ?? await catalogue.find(feature, undefined);
  }

  #authorize(verb: ThreadVerb, { caller }: Turn): User {
    authorize(verb, caller, this.#record?.owner.id);
    if (caller.kind === "user" || caller.kind === "service") return caller.user;
    throw new BarrageError("forbidden");
  }

  async #turns(): Promise<readonly TurnRecord[]> {
    if (this.#record === undefined) return [];
    const before = Number.MAX_SAFE_INTEGER;
    const page = await this.#ports.threads.turns(this.#self.key, { before, limit: EARLIER_MAX });
    return page;
  }

  /** What is asked, unless that was asked already. */
  async #question({ text }: In<"ask">, turns: readonly TurnRecord[]): Promise<Question> {
    const before = turns.filter(({ replacedBy }) => replacedBy === undefined);
    const answers = await this.#answers(before);
    const last = before.at(-1);
    if (last !== undefined && isOpen(answers.get(last.answer))) {
      throw new BarrageError("conflict", "The last question is still being answered");
    }
    if (text !== undefined) return { text, earlier: exchanges(before, answers) };
    if (last === undefined) {
      throw new BarrageError("conflict", "Nothing was asked that could be asked again");
    }
    const feature = answers.get(last.answer)?.request.feature ?? "text";
    if (feature !== "text") throw new BarrageError("conflict", "Only answers in words are asked for again");
    return { text: last.question, again: last, earlier: exchanges(before.slice(0, -1), answers) };
  }

  async #answers(turns: readonly TurnRecord[]): Promise<ReadonlyMap<string, AnswerRecord>> {
    if (turns.length === 0) return new Map();
    const found = await this.#ports.answers.readMany(turns.map(({ answer }) => answer));
    return new Map(found.map((answer) => [answer.id, answer]));
  }

  async #append({ text, again }: Question, answer: string, owner: User, model: string): Promise<number> {
    const { threads } = this.#ports;
    const at = this.#self.clock.now();
    const seq = this.#head + 1;
    const turn = { seq, question: text, answer, at };
    const writes = [threads.append(this.#self.key, [turn])];
    if (again !== undefined) writes.push(threads.replace(this.#self.key, again.seq, seq));
    if (this.#record === undefined) {
      const title = [...text.replaceAll(/\s+/g, " ").trim()].slice(0, TITLE_MAX).join("");
      const record = { id: this.#self.key, owner, title, model, createdAt: at, changedAt: at };
      await this.#self.commit([threads.found(record, this.#self.epoch), ...writes], { founding: true });
      this.#record = record;
    } else {
      await this.#self.commit([threads.update(this.#self.key, { changedAt: at, model }), ...writes]);
      this.#record = { ...this.#record, changedAt: at, model };
    }
    this.#head = seq;
    return seq;
  }
}

function inWords({ earlier, text }: Question, options: AiOptions, contextTokens: number): AiRequest {
  const messages = messagesFor(earlier, text, contextTokens, options.maxTokens);
  // Each question of a thread has an answer of its own, to be asked for again, cancelled and forgotten.
  return { feature: "text", messages, options: { ...options, merge: false } };
}

function isOpen(answer: AnswerRecord | undefined): boolean {
  return answer?.state === "waiting" || answer?.state === "running";
}

/** Questions that were answered; an answer that broke off says something all the same. */
function exchanges(
  turns: readonly TurnRecord[],
  answers: ReadonlyMap<string, AnswerRecord>,
): Exchange[] {
  return turns.flatMap(({ question, answer }) => {
    const text = answers.get(answer)?.text ?? "";
    return text === "" ? [] : [{ question, answer: text }];
  });
}
