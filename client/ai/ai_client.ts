import type { AnswerView } from "protocol/ai.ts";
import { ERRORS } from "protocol/errors.ts";
import type { AiModel } from "protocol/ai_methods.ts";
import type { Params, Result } from "protocol/methods.ts";
import { backoff } from "../backoff.ts";
import type { CallMethod } from "../call.ts";
import { Ulids } from "../chat/ulids.ts";
import type { Clock } from "../clock.ts";
import { BarrageCallError } from "../errors.ts";
import type { ConnectionState } from "../state.ts";
import type { Ai, AiAnswer } from "./ai.ts";
import { AnswerHandle } from "./answer_handle.ts";
import type { AnswerNotice } from "./followed_answer.ts";

/** The connection that answers are read over. */
export interface AiConnection {
  readonly call: CallMethod;
  on(name: "ai", listener: (method: string, params: unknown) => void): () => void;
  on(name: "linked", listener: () => void): () => void;
  on(name: "state", listener: (state: ConnectionState) => void): () => void;
}

interface Ground {
  readonly clock: Clock;
  readonly random: () => number;
}

/** The server is asked once at a time where an answer stands; whoever needs that meanwhile gets it afterwards. */
type Asking = "yes" | "and again";

/**
 * Reads answers over whatever link there is. A new link knows nothing of what was read over the last one, so each open
 * answer is followed again from where its text ends; if the text was made anew since, from its beginning.
 */
export class AiClient implements Ai {
  readonly #connection: AiConnection;
  readonly #ground: () => Ground;
  readonly #ids = new Ulids(Date.now);
  readonly #open = new Set<AnswerHandle>();
  readonly #asking = new Map<AnswerHandle, Asking>();

  /** @param ground Not asked for before something is done. */
  constructor(connection: AiConnection, ground: () => Ground) {
    this.#connection = connection;
    this.#ground = ground;
    connection.on("ai", (method, params) => this.#receive(method, params));
    connection.on("linked", () => {
      for (const handle of this.#open) this.#follow(handle);
    });
    connection.on("state", (state) => {
      if (state.status === "closed") this.#closed(state.reason);
    });
  }

  ask(question: Params<"ai.ask">): AiAnswer {
    const id = question.id ?? this.#ids.next();
    const handle = this.#handle(id);
    this.#asking.set(handle, "yes");
    this.#ask(handle, { ...question, id }).catch((error: unknown) => handle.fail(errorOf(error)))
      .finally(() => this.#asked(handle));
    return handle;
  }

  follow(answer: string, known?: AnswerView): AiAnswer {
    const handle = this.#handle(answer, known);
    this.#follow(handle);
    return handle;
  }

  async models(): Promise<readonly AiModel[]> {
    return (await this.#connection.call("ai.models", {}, { repeatable: true })).models;
  }

  threads(page: Params<"ai.threads"> = {}): Promise<Result<"ai.threads">> {
    return this.#connection.call("ai.threads", page, { repeatable: true });
  }

  thread(thread: string, page: Omit<Params<"ai.thread">, "thread"> = {}): Promise<Result<"ai.thread">> {
    return this.#connection.call("ai.thread", { ...page, thread }, { repeatable: true });
  }

  async forget(thread: string): Promise<void> {
    await this.#connection.call("ai.forget", { thread }, { repeatable: true });
  }

  #handle(id: string, known?: AnswerView): AnswerHandle {
    const handle = new AnswerHandle(id, {
      gap: (handle) => this.#follow(handle),
      cancel: (handle) => this.#cancel(handle),
      left: (handle, over) => this.#left(handle, over),
    }, known);
    if (!handle.over) this.#open.add(handle);
    return handle;
  }

  async #ask(handle: AnswerHandle, question: Params<"ai.ask">): Promise<void> {
    const { answer, thread, merged, view } = await this.#connection.call("ai.ask", question, {
      repeatable: true,
    });
    handle.id = answer;
    handle.thread = thread;
    handle.stands(view);
    // What followed behind the view was not known to be his.
    if (merged) this.#asking.set(handle, "and again");
  }

  /** What was said before the end still comes, and what it has cost, unless others go on with the answer. */
  async #cancel(handle: AnswerHandle): Promise<void> {
    // What the server has not heard of cannot be cancelled there.
    await handle.asked().catch(() => {});
    if (handle.over) return;
    await this.#connection.call("ai.cancel", { answer: handle.id }, { repeatable: true });
    if (handle.over) return;
    try {
      await this.#catchUp(handle);
    } catch (error) {
      // Whoever wants it no longer may not read it any more.
      if (errorOf(error).reason !== "forbidden") throw error;
    }
    handle.leave();
  }

  #receive(method: string, params: unknown): void {
    const notice = { method, params } as AnswerNotice;
    for (const handle of [...this.#open]) if (handle.id === notice.params.answer) handle.take(notice);
  }

  #follow(handle: AnswerHandle): void {
    if (!this.#open.has(handle)) return;
    if (this.#asking.has(handle)) return void this.#asking.set(handle, "and again");
    this.#asking.set(handle, "yes");
    this.#catchUp(handle).catch((error: unknown) => handle.fail(errorOf(error))).finally(() =>
      this.#asked(handle)
    );
  }

  #asked(handle: AnswerHandle): void {
    const again = this.#asking.get(handle) === "and again";
    this.#asking.delete(handle);
    if (again) this.#follow(handle);
  }

  async #catchUp(handle: AnswerHandle): Promise<void> {
    for (let attempt = 0; this.#open.has(handle);) {
      try {
        return await this.#look(handle);
      } catch (error) {
        if (!mayPass(error)) throw error;
        await this.#pause(backoff(attempt++, this.#ground().random));
      }
    }
  }

  async #look(handle: AnswerHandle): Promise<void> {
    const follow = (from: number) =>
      this.#connection.call("ai.follow", { answer: handle.id, from }, { repeatable: true });
    if (handle.stands(await follow(handle.text.length))) return;
    // By another attempt: from where on it differs is not known here.
    handle.stands(await follow(0));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#ground().clock.set(resolve, ms));
  }

  #left(handle: AnswerHandle, over: boolean): void {
    if (!this.#open.delete(handle) || over) return;
    if ([...this.#open].some(({ id }) => id === handle.id)) return;
    this.#connection.call("ai.unfollow", { answer: handle.id }).catch(() => {
      // Without a link nothing is read anyway.
    });
  }

  #closed(reason: string): void {
    const error = new BarrageCallError("unavailable", `Cannot read on: the connection is closed: ${reason}`);
    for (const handle of [...this.#open]) handle.fail(error);
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof BarrageCallError && ERRORS[error.reason].retry;
}

function errorOf(error: unknown): BarrageCallError {
  if (error instanceof BarrageCallError) return error;
  return new BarrageCallError("internal", "Cannot read the answer", { cause: error });
}
