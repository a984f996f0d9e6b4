import { BarrageCallError, type Room } from "client/mod.ts";
import { ERRORS, type Reason } from "protocol/errors.ts";
import type { Message, Outcome } from "./history.ts";
import type { Tap } from "./tap.ts";

/**
 * A patient sender says the next thing when the last one was acked, and says it again, with the same id, until it is. A
 * hasty one says the next thing whatever became of the last, and leaves retries to the SDK.
 */
export type Manner = "patient" | "hasty";

/** Half of what a user may say, so that nobody is refused who speaks up again after a silence. */
const PACE_MS = 400;
const RETRY_MS = 200;
const OUTSTANDING_MAX = 40;
/** Every so often all say the same, so that the room merges. */
const CHEER_EVERY = 10;

/** The server has said that it did nothing. */
const REFUSALS: ReadonlySet<Reason> = new Set([
  "rate_limited",
  "overloaded",
  "conflict",
  "forbidden",
  "expired",
]);

interface Draft extends Omit<Message, "outcome"> {
  outcome: Outcome;
}

export interface SenderEvents {
  acked(room: string, at: number): void;
  /** A call that failed towards the application, whether it is tried again or not. */
  failed(reason: Reason): void;
}

/** One guest who keeps talking. */
export class Sender {
  readonly name: string;
  readonly #room: Room;
  readonly #tap: Tap;
  readonly #manner: Manner;
  readonly #events: SenderEvents;
  readonly #messages: Draft[] = [];
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;

  constructor(name: string, room: Room, tap: Tap, manner: Manner, events: SenderEvents) {
    this.name = name;
    this.#room = room;
    this.#tap = tap;
    this.#manner = manner;
    this.#events = events;
    this.#done = this.#run();
  }

  get messages(): readonly Message[] {
    return this.#messages.map((draft) => ({ ...draft, sendings: this.#tap.sendings(idOf(draft)) }));
  }

  /** Says nothing new any more; resolves when everything said has had its outcome. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const outstanding = new Set<Promise<void>>();
    for (let place = 1; !this.#stopping.signal.aborted; place++) {
      const started = performance.now();
      const saying = this.#say(place).finally(() => outstanding.delete(saying));
      outstanding.add(saying);
      if (this.#manner === "patient" || outstanding.size >= OUTSTANDING_MAX) await saying;
      await this.#wait(PACE_MS - (performance.now() - started));
    }
    await Promise.all(outstanding);
  }

  async #say(place: number): Promise<void> {
    const text = place % CHEER_EVERY === 0 ? `all say ${place}` : `${this.name} says ${place}`;
    const { id: room } = this.#room;
    const outcome: Outcome = { kind: "open" };
    const draft: Draft = {
      sender: this.name,
      room,
      place,
      text,
      at: performance.now(),
      sendings: [],
      outcome,
    };
    const id = idOf(draft);
    this.#messages.push(draft);
    let certain = true;
    for (;;) {
      try {
        await this.#room.say(text, { id });
        draft.outcome = { kind: "acked", at: performance.now() };
        return this.#events.acked(this.#room.id, performance.now());
      } catch (error) {
        if (!(error instanceof BarrageCallError)) throw error;
        const { reason } = error;
        this.#events.failed(reason);
        certain &&= REFUSALS.has(reason);
        draft.outcome = certain ? { kind: "refused", reason } : { kind: "unknown", reason };
        const again = this.#manner === "patient" && (ERRORS[reason].retry || reason === "conflict");
        if (!again || this.#stopping.signal.aborted) return;
        await this.#wait(error.retryAfterMs ?? RETRY_MS);
      }
    }
  }

  async #wait(ms: number): Promise<void> {
    const { signal } = this.#stopping;
    if (ms <= 0 || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    const stop = () => resolve();
    signal.addEventListener("abort", stop, { once: true });
    await promise;
    signal.removeEventListener("abort", stop);
    clearTimeout(timer);
  }
}

function idOf({ sender, place }: Pick<Message, "sender" | "place">): string {
  return `${sender}-${place}`;
}
