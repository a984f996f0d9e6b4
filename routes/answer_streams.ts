import type { CloseReason } from "protocol/close_codes.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { Holder, TokenDesk } from "./gateway/token_desk.ts";
import type { Verified } from "./verifier.ts";

/** Requests of one caller that may read answers at a time. */
const PER_USER_MAX = 256;

export interface AnswerStreamsOptions {
  readonly tokens: Pick<TokenDesk, "enter" | "leave">;
  readonly drops: Drops;
  readonly max: number;
}

/** Requests that last as long as an answer takes: bounded, and ended with their token or with the server. */
export class AnswerStreams {
  readonly #options: AnswerStreamsOptions;
  readonly #open = new Set<AnswerStream>();
  readonly #perUser = new Map<string, number>();
  #closing = false;

  constructor(options: AnswerStreamsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  /** @throws {BarrageError} `overloaded` over the bounds, `unavailable` while the server stops. */
  open(verified: Verified): AnswerStream {
    const { tokens, drops, max } = this.#options;
    if (this.#closing) throw stopping();
    const user = verified.caller.user.id;
    const mine = this.#perUser.get(user) ?? 0;
    if (this.#open.size >= max || mine >= PER_USER_MAX) {
      drops.count("ai", "answer_streams");
      throw new BarrageError("overloaded", "Too many requests that read answers", { retryAfterMs: 5_000 });
    }
    this.#perUser.set(user, mine + 1);
    const stream: AnswerStream = new AnswerStream(() => {
      this.#open.delete(stream);
      tokens.leave(stream);
      const left = (this.#perUser.get(user) ?? 1) - 1;
      if (left > 0) this.#perUser.set(user, left);
      else this.#perUser.delete(user);
    });
    this.#open.add(stream);
    tokens.enter(stream, verified);
    return stream;
  }

  close(): void {
    this.#closing = true;
    for (const stream of [...this.#open]) stream.end(stopping());
  }
}

/** The place of one such request, until it is disposed of. */
export class AnswerStream implements Holder, Disposable {
  readonly #ending = new AbortController();
  #onLeft: (() => void) | undefined;

  constructor(onLeft: () => void) {
    this.#onLeft = onLeft;
  }

  /** Aborted with a `BarrageError` when the request must end. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  close(_reason: CloseReason): void {
    this.end(new BarrageError("unauthenticated", "The token is not valid any more"));
  }

  end(error: BarrageError): void {
    this[Symbol.dispose]();
    this.#ending.abort(error);
  }

  /** Again is harmless. */
  [Symbol.dispose](): void {
    const onLeft = this.#onLeft;
    this.#onLeft = undefined;
    onLeft?.();
  }
}

function stopping(): BarrageError {
  return new BarrageError("unavailable", "The server is stopping", { retryAfterMs: 1_000 });
}
