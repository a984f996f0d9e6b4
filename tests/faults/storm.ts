import { Barrage, createGuest } from "client/mod.ts";

const LOOK_MS = 50;
const GATHER_AT_ONCE = 50;
const PATIENCE_MS = 120_000;

/** Many quiet viewers; what matters is when all are in their rooms. */
export class Storm implements AsyncDisposable {
  readonly #clients: readonly Barrage[];
  readonly #rooms: readonly string[];

  private constructor(clients: readonly Barrage[], rooms: readonly string[]) {
    this.#clients = clients;
    this.#rooms = rooms;
  }

  static async gather(url: string, rooms: readonly string[], size: number): Promise<Storm> {
    // One guest for all: tokens are not what is tested.
    const { token } = await createGuest({ url, name: "storm" });
    const clients = Array.from({ length: size }, () => new Barrage({ url, token, timeoutMs: PATIENCE_MS }));
    const storm = new Storm(clients, rooms);
    for (let at = 0; at < size; at += GATHER_AT_ONCE) {
      await Promise.all(clients.slice(at, at + GATHER_AT_ONCE).map((_, n) => storm.#room(at + n).join()));
    }
    return storm;
  }

  async untilAway(): Promise<void> {
    await this.#until(() => this.#clients.every(({ state }) => state.status !== "open"), PATIENCE_MS);
  }

  /** Resolves with the milliseconds it took. */
  async untilBack(patienceMs: number): Promise<number> {
    const since = performance.now();
    await this.#until(
      () => this.#clients.every((_, n) => this.#room(n).state.status === "inside"),
      patienceMs,
    );
    return performance.now() - since;
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    return Promise.resolve();
  }

  #room(n: number) {
    return this.#clients[n]!.room(this.#rooms[n % this.#rooms.length]!);
  }

  async #until(condition: () => boolean, patienceMs: number): Promise<void> {
    for (const end = performance.now() + patienceMs; !condition();) {
      if (performance.now() > end) {
        const inside = this.#clients.filter((_, n) => this.#room(n).state.status === "inside").length;
        throw new Error(`Cannot see the storm settle: ${inside} of ${this.#clients.length} are inside`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}
