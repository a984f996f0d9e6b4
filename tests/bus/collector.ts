import type { BusMessage } from "actors/bus/bus.ts";

const DEADLINE_MS = 5_000;

export function deadline(): AbortSignal {
  return AbortSignal.timeout(DEADLINE_MS);
}

/** Keeps what a subscription receives, and lets a test wait for it. */
export class Collector {
  readonly messages: BusMessage[] = [];
  readonly #checks = new Set<() => void>();

  readonly receive = (message: BusMessage): void => {
    this.messages.push(message);
    for (const check of this.#checks) check();
  };

  get texts(): string[] {
    return this.messages.map((message) => text(message.data));
  }

  /** @throws when fewer than `count` messages have come by the deadline. */
  async count(count: number): Promise<void> {
    await this.until(() => this.messages.length >= count, `${count} messages`);
  }

  async last(expected: string): Promise<void> {
    await this.until(() => this.texts.at(-1) === expected, `"${expected}"`);
  }

  async until(condition: () => boolean, wanted: string): Promise<void> {
    if (condition()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const check = () => {
      if (condition()) resolve();
    };
    const timer = setTimeout(() => {
      reject(
        new Error(`Cannot see ${wanted} in ${DEADLINE_MS} ms: got ${JSON.stringify(this.texts.slice(-5))}`),
      );
    }, DEADLINE_MS);
    this.#checks.add(check);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#checks.delete(check);
    }
  }
}

export function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function text(value: Uint8Array): string {
  return new TextDecoder().decode(value);
}
