import { answerActor } from "actors/ai/answer/definition.ts";
import type { Catalogue } from "actors/ai/catalogue.ts";
import type { CallOptions } from "actors/runtime/call.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { AiMethod } from "protocol/ai_methods.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Parsed, Result } from "protocol/methods.ts";
import type { SignedIn } from "../../verifier.ts";
import type { Answer, Connection } from "../connection.ts";
import type { Joined } from "./answer_channel.ts";
import { askFor } from "./asking.ts";
import type { AiHub } from "./ai_hub.ts";
import { SocketReader } from "./socket_reader.ts";
import type { ThreadDesk } from "./thread_desk.ts";

/** Answers that one socket may read at a time. */
const READ_MAX = 32;

export interface AiDeskOptions {
  readonly node: ActorNode;
  readonly hub: AiHub;
  readonly catalogue: Catalogue;
  readonly threads: ThreadDesk;
}

/** Whoever asks to read the same again takes the place of himself. */
interface Place {
  joined?: Joined;
}

/** The AI calls of sockets. */
export class AiDesk {
  readonly #options: AiDeskOptions;
  readonly #reading = new Map<Connection, Map<string, Place>>();

  constructor(options: AiDeskOptions) {
    this.#options = options;
  }

  /** @param params Parsed by the schema of the method. */
  async call(
    connection: Connection,
    caller: SignedIn,
    method: AiMethod,
    params: unknown,
    bytes: number,
  ): Promise<Answer> {
    const { node, catalogue, threads } = this.#options;
    switch (method) {
      case "ai.ask":
        return await this.#ask(connection, caller, params as Parsed<"ai.ask">, { bytes });
      case "ai.follow": {
        const { answer, from } = params as Parsed<"ai.follow">;
        const joined = await this.#read(connection, caller, answer, from);
        return { result: joined.view, onSent: () => joined.begin() };
      }
      case "ai.unfollow":
        this.#leave(connection, (params as Parsed<"ai.unfollow">).answer);
        return { result: {} };
      case "ai.cancel": {
        const { answer } = params as Parsed<"ai.cancel">;
        return { result: await node.ref(answerActor, answer, caller).cancel({}) };
      }
      case "ai.models":
        return { result: { models: [...await catalogue.list()] } };
      case "ai.threads":
        return { result: await threads.list(caller, params as Parsed<"ai.threads">) };
      case "ai.thread":
        return { result: await threads.history(caller, params as Parsed<"ai.thread">) };
      case "ai.forget":
        return { result: await threads.forget(caller, (params as Parsed<"ai.forget">).thread) };
    }
  }

  closed(connection: Connection): void {
    const reading = this.#reading.get(connection);
    this.#reading.delete(connection);
    for (const { joined } of reading?.values() ?? []) joined?.leave();
  }

  async #ask(
    connection: Connection,
    caller: SignedIn,
    params: Parsed<"ai.ask">,
    options: CallOptions,
  ): Promise<Answer> {
    this.#room(connection);
    const asked = await askFor({ ...this.#options, caller, options }, params);
    const joined = await this.#read(connection, caller, asked.answer, 0);
    // Where it stands now; its place only the asking told.
    const { position, etaMs } = asked.view;
    const place = joined.view.state === "waiting" && position !== undefined && etaMs !== undefined
      ? { position, etaMs }
      : {};
    const result: Result<"ai.ask"> = { ...asked, view: { ...joined.view, ...place } };
    return { result, onSent: () => joined.begin() };
  }

  async #read(connection: Connection, caller: SignedIn, answer: string, from: number): Promise<Joined> {
    this.#leave(connection, answer);
    const reading = this.#room(connection);
    const place: Place = {};
    const forget = () => {
      if (reading.get(answer) === place) reading.delete(answer);
    };
    reading.set(answer, place);
    try {
      const reader = new SocketReader(answer, connection, forget);
      const joined = place.joined = await this.#options.hub.read(answer, reader, caller, from);
      if (this.#reading.get(connection)?.get(answer) === place) return joined;
      joined.leave();
    } catch (error) {
      forget();
      throw error;
    }
    throw new BarrageError("gone", "The socket reads this answer no longer");
  }

  #leave(connection: Connection, answer: string): void {
    const reading = this.#reading.get(connection);
    reading?.get(answer)?.joined?.leave();
    reading?.delete(answer);
  }

  /** @throws {BarrageError} `gone`, `overloaded`. */
  #room(connection: Connection): Map<string, Place> {
    if (!connection.open) throw new BarrageError("gone", "The socket is closed");
    let reading = this.#reading.get(connection);
    if (reading === undefined) this.#reading.set(connection, reading = new Map());
    if (reading.size >= READ_MAX) {
      throw new BarrageError("overloaded", `A socket reads at most ${READ_MAX} answers at a time`, {
        retryAfterMs: 1_000,
      });
    }
    return reading;
  }
}
