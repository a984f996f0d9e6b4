import type { Clock } from "actors/runtime/clock.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { AiDelta, AiDone, AiPlace, AnswerView } from "protocol/ai.ts";
import type { NotificationParams } from "protocol/methods.ts";
import type { AnswerStreams } from "./answer_streams.ts";
import { EventBody } from "./event_body.ts";
import type { AiHub } from "./gateway/ai/ai_hub.ts";
import type { Joined } from "./gateway/ai/answer_channel.ts";
import type { AnswerReader } from "./gateway/ai/reading.ts";
import type { Verified } from "./verifier.ts";

/** How far somebody has read. */
export interface Mark {
  readonly attempt: number;
  readonly offset: number;
  readonly ended: boolean;
}

export interface EventsRequest {
  readonly hub: AiHub;
  readonly streams: AnswerStreams;
  readonly verified: Verified;
  readonly answer: string;
  readonly mark: Mark | undefined;
}

type Told = "ai.delta" | "ai.resumed" | "ai.progress" | "ai.queue" | "ai.done";

/** One reader of an answer over HTTP: what a socket is told, as Server-Sent Events. */
export class AnswerEvents implements AnswerReader {
  readonly #body: EventBody;
  readonly #left = new DisposableStack();
  #answer = "";
  #attempt = 0;
  #offset = 0;

  constructor(clock: Clock, drops: Drops) {
    this.#body = new EventBody(clock, drops, () => this.#left.dispose());
  }

  /** @throws {BarrageError} What the answer says to this caller. */
  async open({ hub, streams, verified, answer, mark }: EventsRequest): Promise<ReadableStream<Uint8Array>> {
    this.#answer = answer;
    try {
      const place = this.#left.use(streams.open(verified));
      const joined = await this.#join(hub, verified, mark);
      if (place.signal.aborted) throw place.signal.reason;
      // Browsers come back by themselves, with the id of the last event.
      place.signal.addEventListener("abort", () => this.#body.end(), { once: true });
      this.#view(joined.view);
      joined.begin();
      return this.#body.stream;
    } catch (error) {
      this.#body.end();
      throw error;
    }
  }

  delta(delta: () => AiDelta): void {
    const told = delta();
    this.#stand(told.attempt, told.offset + told.text.length);
    this.#tell("ai.delta", told);
  }

  resumed(attempt: number, offset: number): void {
    this.#stand(attempt, offset);
    this.#tell("ai.resumed", { answer: this.#answer, attempt, offset });
  }

  progress(percent: number): void {
    this.#tell("ai.progress", { answer: this.#answer, percent });
  }

  place(place: AiPlace): void {
    this.#tell("ai.queue", place);
  }

  done(done: AiDone): void {
    this.#stand(done.attempt, done.offset);
    this.#write("ai.done", done, ":end");
    this.#body.end();
  }

  /** Of a text that was made anew since, the offset says nothing: it is read from its beginning. */
  async #join(hub: AiHub, { caller }: Verified, mark: Mark | undefined): Promise<Joined> {
    const joined = this.#left.adopt(
      await hub.read(this.#answer, this, caller, mark?.offset ?? 0),
      (joined) => joined.leave(),
    );
    const { attempt, offset } = joined.view;
    if (mark === undefined || (mark.attempt === attempt && mark.offset === offset)) return joined;
    joined.leave();
    return this.#left.adopt(await hub.read(this.#answer, this, caller, 0), (joined) => joined.leave());
  }

  #view(view: AnswerView): void {
    this.#stand(view.attempt, view.offset + view.text.length);
    this.#write("ai.answer", view);
  }

  #stand(attempt: number, offset: number): void {
    this.#attempt = attempt;
    this.#offset = offset;
  }

  #tell<N extends Told>(event: N, data: NotificationParams<N>): void {
    this.#write(event, data);
  }

  #write(event: string, data: unknown, end = ""): void {
    const id = `${this.#attempt}:${this.#offset}${end}`;
    this.#body.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}
