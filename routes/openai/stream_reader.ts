import type { AiDelta, AiDone, AiPlace, AnswerView } from "protocol/ai.ts";
import { BarrageError } from "protocol/errors.ts";
import type { EventBody } from "../event_body.ts";
import type { AnswerReader } from "../gateway/ai/reading.ts";
import { chunk, type Heading, usageChunk } from "./completion.ts";
import { errorBody, failureOf } from "./errors.ts";

/**
 * One completion as Server-Sent Events of OpenAI's form. What its clients do not know stands in comments. Whoever waits
 * for the beginning learns of a failure that comes before any text as one of the request, with its status.
 */
export class StreamReader implements AnswerReader {
  /** There is something to show; rejects with what the answer failed with before. */
  readonly begun: Promise<void>;
  readonly #body: EventBody;
  readonly #heading: Heading;
  readonly #withUsage: boolean;
  readonly #begun = Promise.withResolvers<void>();
  #beginning = true;
  #sent = 0;

  constructor(heading: Heading, withUsage: boolean, body: EventBody) {
    this.#heading = heading;
    this.#withUsage = withUsage;
    this.#body = body;
    this.begun = this.#begun.promise;
    // Nobody may be waiting any more.
    this.begun.catch(() => {});
  }

  begin({ text }: AnswerView): void {
    this.#send(chunk(this.#heading, { role: "assistant", content: text }, null, this.#withUsage));
    this.#sent = text.length;
    if (text !== "") this.#show();
  }

  delta(delta: () => AiDelta): void {
    const { text } = delta();
    this.#sent += text.length;
    this.#send(chunk(this.#heading, { content: text }, null, this.#withUsage));
    this.#show();
  }

  resumed(attempt: number, offset: number): void {
    if (offset >= this.#sent) return this.#body.comment(`resumed ${attempt} ${offset}`);
    // What was sent cannot be taken back in this protocol.
    this.fail(new BarrageError("unavailable", "The answer was made anew after a part of it had been sent"));
  }

  progress(percent: number): void {
    this.#body.comment(`progress ${percent}`);
  }

  place({ position, etaMs }: AiPlace): void {
    this.#body.comment(`queue ${position} ${etaMs}`);
  }

  done({ state, reason, usage, error }: AiDone): void {
    if (state === "failed") {
      return this.fail(error === undefined ? new BarrageError("internal") : failureOf(error));
    }
    if (state === "cancelled") return this.fail(new BarrageError("gone", "The answer was cancelled"));
    this.#send(chunk(this.#heading, {}, reason ?? "stop", this.#withUsage));
    if (this.#withUsage && usage !== undefined) this.#send(usageChunk(this.#heading, usage));
    this.#body.write("data: [DONE]\n\n");
    this.#show();
    this.#body.end();
  }

  fail(error: BarrageError): void {
    if (this.#beginning) this.#begun.reject(error);
    this.#send(errorBody(error));
    this.#body.end();
  }

  #show(): void {
    this.#beginning = false;
    this.#begun.resolve();
  }

  #send(body: unknown): void {
    this.#body.write(`data: ${JSON.stringify(body)}\n\n`);
  }
}
