import type { Clock } from "actors/runtime/clock.ts";
import type { Drops } from "actors/runtime/drops.ts";

/** Comments keep proxies from closing a stream that waits, and show when its client has gone. */
const COMMENT_MS = 15_000;
/** Whoever does not read so much of it loses the stream. Bytes. */
const WAITING_MAX = 1_048_576;

const encoder = new TextEncoder();

export const EVENT_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
} as const;

/** The body of one answer as Server-Sent Events (WHATWG, 9.2). */
export class EventBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #clock: Clock;
  readonly #drops: Drops;
  readonly #onEnd: () => void;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #open = true;
  #cancelComment = () => {};

  /** @param onEnd Called once: at its end, when the client has gone, and when it does not read. */
  constructor(clock: Clock, drops: Drops, onEnd: () => void) {
    this.#clock = clock;
    this.#drops = drops;
    this.#onEnd = onEnd;
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => this.#end(),
    }, new ByteLengthQueuingStrategy({ highWaterMark: WAITING_MAX }));
    this.#commentLater();
  }

  /** A whole event, with the empty line behind it. */
  write(text: string): void {
    if (!this.#open) return;
    // What waits already decides, so that one large piece alone ends nothing.
    if ((this.#controller.desiredSize ?? 0) <= 0) {
      this.#drops.count("ai", "slow_event_stream");
      this.#end();
      return this.#controller.error(new Error("The client does not read"));
    }
    this.#controller.enqueue(encoder.encode(text));
  }

  comment(text: string): void {
    this.write(text === "" ? ":\n\n" : `: ${text}\n\n`);
  }

  end(): void {
    if (!this.#open) return;
    this.#end();
    this.#controller.close();
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#cancelComment();
    this.#onEnd();
  }

  #commentLater(): void {
    this.#cancelComment = this.#clock.after(COMMENT_MS, () => {
      this.#commentLater();
      this.comment("");
    });
  }
}
