import type { User } from "protocol/users.ts";
import type { Clock } from "../clock.ts";

/** More are not shown. */
const TYPERS_MAX = 20;

/** Who is writing in one conversation. */
export class Typers {
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #timers = new Map<string, unknown>();
  #users: readonly User[] = [];

  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  get users(): readonly User[] {
    return this.#users;
  }

  writes(user: User, forMs: number): void {
    const known = this.#timers.has(user.id);
    if (!known && this.#timers.size >= TYPERS_MAX) return;
    this.#clock.clear(this.#timers.get(user.id));
    this.#timers.set(user.id, this.#clock.set(() => this.done(user.id), forMs));
    if (known) return;
    this.#users = [...this.#users, user];
    this.#changed();
  }

  done(user: string): void {
    if (!this.#timers.has(user)) return;
    this.#clock.clear(this.#timers.get(user));
    this.#timers.delete(user);
    this.#users = this.#users.filter(({ id }) => id !== user);
    this.#changed();
  }

  clear(): void {
    for (const { id } of this.#users) this.done(id);
  }
}
