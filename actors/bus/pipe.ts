/** Runs `step` later, never inside the call. */
export type Defer = (step: () => void) => void;

export interface PipeLimits {
  /** Messages that may wait. */
  readonly messages: number;
  /** Bytes that may wait. */
  readonly bytes: number;
}

interface Waiting {
  readonly run: () => void;
  readonly bytes: number;
  readonly control: boolean;
}

// Enough to make the cost of a deferred step vanish, few enough that sockets and timers get their turn in between.
const STEP = 1_024;

/** One direction of a connection: a bounded queue of deliveries, carried out in order in deferred steps. */
export class Pipe {
  readonly #defer: Defer;
  readonly #limits: PipeLimits;
  readonly #onError: (error: unknown) => void;
  #waiting: Waiting[] = [];
  #head = 0;
  #messages = 0;
  #bytes = 0;
  #scheduled = false;

  constructor(defer: Defer, limits: PipeLimits, onError: (error: unknown) => void) {
    this.#defer = defer;
    this.#limits = limits;
    this.#onError = onError;
  }

  /** False when the message does not fit; it is then forgotten. */
  push(bytes: number, run: () => void): boolean {
    if (this.#messages >= this.#limits.messages || this.#bytes + bytes > this.#limits.bytes) return false;
    this.#messages++;
    this.#bytes += bytes;
    this.#enqueue({ run, bytes, control: false });
    return true;
  }

  /** For what is not a message and is bounded elsewhere: it always fits. */
  pushControl(run: () => void): void {
    this.#enqueue({ run, bytes: 0, control: true });
  }

  /** Carries out everything that waits, now. */
  flush(): void {
    while (this.#head < this.#waiting.length) this.#step(Number.POSITIVE_INFINITY);
  }

  /** Forgets everything that waits and returns how many messages that were. */
  clear(): number {
    const lost = this.#messages;
    this.#waiting = [];
    this.#head = 0;
    this.#messages = 0;
    this.#bytes = 0;
    return lost;
  }

  #enqueue(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#head === this.#waiting.length) return;
    this.#scheduled = true;
    this.#defer(() => {
      this.#scheduled = false;
      this.#step(STEP);
      this.#schedule();
    });
  }

  #step(most: number): void {
    for (let done = 0; done < most; done++) {
      const next = this.#waiting[this.#head];
      if (next === undefined) break;
      this.#head++;
      this.#bytes -= next.bytes;
      if (!next.control) this.#messages--;
      try {
        next.run();
      } catch (error) {
        this.#onError(error);
      }
    }
    this.#compact();
  }

  #compact(): void {
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head > this.#waiting.length / 2) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
  }
}
