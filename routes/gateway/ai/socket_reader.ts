import type { Frame } from "protocol/codec.ts";
import type { AiDelta, AiDone, AiPlace } from "protocol/ai.ts";
import type { NotificationParams } from "protocol/methods.ts";
import type { AnswerNotice, NoticeForm } from "./answer_notice.ts";
import type { AnswerReader } from "./reading.ts";

/** The sending side of a socket; may close it when it does not keep up, and never throws. */
export interface AiViewer {
  readonly codec: NoticeForm;
  send(frame: Frame): void;
  notify(method: string, params: unknown): void;
}

type AiNotification = "ai.delta" | "ai.resumed" | "ai.progress" | "ai.queue" | "ai.done";

/** Tells a socket how an answer goes on. */
export class SocketReader implements AnswerReader {
  readonly #answer: string;
  readonly #viewer: AiViewer;
  readonly #onDone: () => void;

  constructor(answer: string, viewer: AiViewer, onDone: () => void) {
    this.#answer = answer;
    this.#viewer = viewer;
    this.#onDone = onDone;
  }

  delta(delta: () => AiDelta, notice: AnswerNotice | undefined): void {
    if (notice === undefined) this.#notify("ai.delta", delta());
    else this.#viewer.send(notice.in(this.#viewer.codec));
  }

  resumed(attempt: number, offset: number): void {
    this.#notify("ai.resumed", { answer: this.#answer, attempt, offset });
  }

  progress(percent: number): void {
    this.#notify("ai.progress", { answer: this.#answer, percent });
  }

  place(place: AiPlace): void {
    this.#notify("ai.queue", place);
  }

  done(done: AiDone): void {
    this.#notify("ai.done", done);
    this.#onDone();
  }

  #notify<N extends AiNotification>(name: N, params: NotificationParams<N>): void {
    this.#viewer.notify(name, params);
  }
}
