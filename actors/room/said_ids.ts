/**
 * Which client ids were said lately, so that a retry is answered instead of said again. Filled from the stored items
 * when the room starts, so a retry is harmless across a restart too. Bounded by count and age.
 */
export class SaidIds {
  readonly #at = new Map<string, number>();

  constructor(readonly maxCount: number, readonly maxAgeMs: number) {}

  has(user: string, clientId: string): boolean {
    return this.#at.has(`${user} ${clientId}`);
  }

  add(user: string, clientId: string, at: number): void {
    for (const [key, since] of this.#at) {
      if (this.#at.size < this.maxCount && at - since < this.maxAgeMs) break;
      this.#at.delete(key);
    }
    this.#at.set(`${user} ${clientId}`, at);
  }
}
