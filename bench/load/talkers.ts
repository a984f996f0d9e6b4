import type { Dialect } from "./dialects/dialect.ts";
import { Phrases, seeded } from "./phrases.ts";
import type { Probes } from "./probes.ts";
import type { LoadSocket } from "./socket.ts";

/** One message in so many is a probe. */
const PROBE_EVERY = 10;
const LOOK_EVERY_MS = 2;
const UNANSWERED_MAX = 100_000;

export interface TalkReport {
  readonly offered: number;
  readonly accepted: number;
  readonly refused: number;
}

/**
 * Members who talk: an open loop, so a slow server does not slow the offer. Messages come at seeded random times
 * (a Poisson process), and the talkers take turns.
 */
export class Talkers implements Disposable {
  readonly #dialect: Dialect;
  readonly #probes: Probes;
  readonly #talkers: { readonly socket: LoadSocket; readonly room: string }[] = [];
  readonly #unanswered = new Map<number, string>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #lastId = 100;
  #offered = 0;
  #accepted = 0;
  #refused = 0;

  constructor(dialect: Dialect, probes: Probes) {
    this.#dialect = dialect;
    this.#probes = probes;
  }

  add(socket: LoadSocket, room: string): void {
    this.#talkers.push({ socket, room });
    socket.hear((frame) => this.#hear(frame));
  }

  /** Begins to say `rate` messages a second. */
  talk(rate: number, seed: number): void {
    const phrases = new Phrases(seed);
    const random = seeded(seed + 1);
    let due = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      for (; due <= now; due += -Math.log(1 - random()) * 1_000 / rate) this.#sayOne(phrases);
    }, LOOK_EVERY_MS);
  }

  /** Forgets the counts so far: the measured window begins. */
  restart(): void {
    this.#offered = this.#accepted = this.#refused = 0;
    this.#unanswered.clear();
  }

  hush(): void {
    clearInterval(this.#timer);
  }

  report(): TalkReport {
    return { offered: this.#offered, accepted: this.#accepted, refused: this.#refused };
  }

  [Symbol.dispose](): void {
    this.hush();
  }

  #sayOne(phrases: Phrases): void {
    const id = ++this.#lastId;
    const text = ++this.#offered % PROBE_EVERY === 0 ? this.#probes.say() : phrases.next();
    if (this.#unanswered.size < UNANSWERED_MAX) this.#unanswered.set(id, text);
    const { socket, room } = this.#talkers[id % this.#talkers.length]!;
    socket.send(this.#dialect.say(room, id, text));
  }

  #hear(frame: string): void {
    const answer = this.#dialect.answer(frame);
    const text = answer === undefined ? undefined : this.#unanswered.get(answer.id);
    if (answer === undefined || text === undefined) return;
    this.#unanswered.delete(answer.id);
    if (answer.accepted) {
      this.#accepted++;
      this.#probes.accepted(text);
    } else {
      this.#refused++;
    }
  }
}
