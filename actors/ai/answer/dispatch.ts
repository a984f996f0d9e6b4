import { BarrageError } from "protocol/errors.ts";
import { boundary, endsInHalf } from "protocol/pairs.ts";
import type { Clock } from "actors/runtime/clock.ts";
import { type Piece, PIECES_MAX } from "./definition.ts";

const BEAT_MS = 2_000;
const RETRY_MS = 100;
/** Characters in one command. */
const TEXT_AT_ONCE = 64_000;
/** Characters and pieces that may wait before the stream has to. */
const WAITING_MAX = 256_000;

export interface PieceBatch {
  readonly attempt: number;
  readonly lease: string;
  readonly credential: string;
  readonly from: number;
  readonly pieces: Piece[];
}

export interface DispatchOptions {
  readonly attempt: number;
  readonly lease: string;
  readonly credential: string;
  /** Characters that were there before. */
  readonly base: number;
  /** Milliseconds without any answer after which nobody listens. */
  readonly patienceMs: number;
}

export interface DispatchPorts {
  readonly clock: Clock;
  send(batch: PieceBatch): Promise<{ readonly length: number; readonly stop: boolean }>;
  onRefused(why: "stopped" | "unheard"): void;
  /** While the node has much to do, until more text is sent; undefined otherwise. */
  pause(): Promise<void> | undefined;
}

/**
 * Brings pieces to the answer in order, everything that waited in one command. What got no answer is sent again: the
 * text by its offset, the rest is harmless twice.
 */
export class Dispatch {
  readonly #options: DispatchOptions;
  readonly #ports: DispatchPorts;
  #text = "";
  /** The first unit of a character whose second one has not come yet; without it it is none, and left out. */
  #half = "";
  /** Where in the answer's text the next one begins that it does not have. */
  #next: number;
  readonly #pieces: Piece[] = [];
  #last: Piece | undefined;
  #beating = false;
  #over = false;
  /** Nobody waits for the first text longer than need be. */
  #begun = false;
  /** Resolved when something comes that is not to wait for more text. */
  #urgent: PromiseWithResolvers<void> | undefined;
  #sending: Promise<void> | undefined;

  constructor(options: DispatchOptions, ports: DispatchPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#next = options.base;
  }

  /** Half a character is nonsense to whoever encodes it by itself. */
  text(text: string): void {
    const all = this.#half + text;
    this.#half = endsInHalf(all) ? all.slice(-1) : "";
    const whole = all.slice(0, all.length - this.#half.length);
    if (whole === "") return;
    this.#text += whole.toWellFormed();
    this.#wake();
  }

  piece(piece: Piece): void {
    this.#pieces.push(piece);
    this.#urgent?.resolve();
    this.#wake();
  }

  /** Goes out after everything else. */
  last(piece: Piece): void {
    this.#last = piece;
    this.#urgent?.resolve();
    this.#wake();
  }

  /** Tells now and then that the call lives; returns a function that ends it. */
  beat(): () => void {
    let cancel = () => {};
    const beat = () => {
      this.#beating = true;
      this.#wake();
      cancel = this.#ports.clock.after(BEAT_MS, beat);
    };
    cancel = this.#ports.clock.after(BEAT_MS, beat);
    return () => cancel();
  }

  /** Everything has arrived, or nobody wants it. */
  async flush(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending;
  }

  /** There is room for more. */
  async room(): Promise<void> {
    if (this.#unsent.length < WAITING_MAX && this.#pieces.length < PIECES_MAX) return;
    await this.flush();
  }

  get #unsent(): string {
    return this.#text.slice(this.#next - this.#options.base);
  }

  #wake(): void {
    if (!this.#over && this.#sending === undefined) this.#sending = this.#send();
  }

  async #send(): Promise<void> {
    let heardAt = this.#ports.clock.monotonic();
    // What else comes in this very turn goes along.
    await Promise.resolve();
    while (!this.#over) {
      await this.#gather();
      const { batch, pieces, done } = this.#batch();
      if (batch.pieces.length === 0 && !this.#beating) break;
      this.#beating = false;
      try {
        const { length, stop } = await this.#ports.send(batch);
        heardAt = this.#ports.clock.monotonic();
        if (stop || length < this.#options.base) this.#refused("stopped");
        else if (this.#taken(length, batch.from, pieces) && done) this.#over = true;
        else if (length <= batch.from && batch.pieces[0]?.kind === "text") await this.#pause();
      } catch (error) {
        const silentMs = this.#ports.clock.monotonic() - heardAt;
        if (silentMs > this.#options.patienceMs || isFinal(error)) this.#refused("unheard");
        else await this.#pause();
      }
    }
    // In the same turn as the look that found nothing: what comes from now on starts anew.
    this.#sending = undefined;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#ports.clock.after(RETRY_MS, resolve));
  }

  /** A token at a time costs as much as a sentence: while many calls are made, each waits for a few. */
  async #gather(): Promise<void> {
    const begun = this.#begun;
    this.#begun ||= this.#text !== "";
    if (!begun || this.#unsent === "" || this.#pieces.length > 0 || this.#last !== undefined) return;
    const pause = this.#ports.pause();
    if (pause === undefined) return;
    this.#urgent = Promise.withResolvers();
    await Promise.race([pause, this.#urgent.promise]);
    this.#urgent = undefined;
  }

  /** False when the answer has less than what the batch went on from: it has to come again from there. */
  #taken(length: number, from: number, pieces: number): boolean {
    this.#next = Math.min(length, this.#options.base + this.#text.length);
    if (length < from) return false;
    this.#pieces.splice(0, pieces);
    return true;
  }

  #batch(): { batch: PieceBatch; pieces: number; done: boolean } {
    const { attempt, lease, credential } = this.#options;
    const unsent = this.#unsent;
    const text = unsent.slice(0, boundary(unsent, TEXT_AT_ONCE));
    const others = this.#pieces.slice(0, PIECES_MAX - 2);
    const complete = text.length === unsent.length && others.length === this.#pieces.length;
    const pieces: Piece[] = [
      ...(text === "" ? [] : [{ kind: "text", text } as const]),
      ...others,
      ...(complete && this.#last !== undefined ? [this.#last] : []),
    ];
    const done = complete && this.#last !== undefined;
    return { batch: { attempt, lease, credential, from: this.#next, pieces }, pieces: others.length, done };
  }

  #refused(why: "stopped" | "unheard"): void {
    this.#over = true;
    this.#ports.onRefused(why);
  }
}

/** Sending it again would not help. */
function isFinal(error: unknown): boolean {
  return error instanceof BarrageError &&
    ["invalid_params", "forbidden", "not_found", "gone"].includes(error.reason);
}
