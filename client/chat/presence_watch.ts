import type { Presence } from "protocol/chat_methods.ts";
import { ERRORS } from "protocol/errors.ts";
import { backoff } from "../backoff.ts";
import type { CallMethod } from "../call.ts";
import type { Clock } from "../clock.ts";
import { BarrageCallError } from "../errors.ts";

/** The server ends a watch after five minutes. */
const AGAIN_MS = 240_000;
/** Names that change in quick succession, as while scrolling, are one call. */
const SETTLE_MS = 100;

interface WatchParts {
  readonly call: CallMethod;
  readonly clock: Clock;
  readonly random: () => number;
  readonly isOpen: () => boolean;
  readonly told: (presence: Presence) => void;
}

/** Who is online of those who are watched, asked anew in time and over every link. */
export class PresenceWatch {
  readonly #parts: WatchParts;
  readonly #seen = new Map<string, Presence>();
  #users: ReadonlySet<string> = new Set();
  #timer: unknown;
  #failures = 0;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  of(user: string): Presence | undefined {
    return this.#seen.get(user);
  }

  watch(users: readonly string[]): void {
    const wanted = new Set(users);
    if (wanted.size === this.#users.size && users.every((user) => this.#users.has(user))) return;
    this.#users = wanted;
    for (const user of this.#seen.keys()) if (!wanted.has(user)) this.#seen.delete(user);
    this.#askIn(SETTLE_MS);
  }

  begin(): void {
    this.#failures = 0;
    if (this.#users.size > 0) this.#askIn(0);
  }

  take(presence: Presence): void {
    if (!this.#users.has(presence.user)) return;
    const before = this.#seen.get(presence.user);
    this.#seen.set(presence.user, presence);
    if (before?.online === presence.online && before.lastSeenAt === presence.lastSeenAt) return;
    this.#parts.told(presence);
  }

  pause(): void {
    this.#parts.clock.clear(this.#timer);
  }

  #askIn(ms: number): void {
    const { clock, isOpen } = this.#parts;
    clock.clear(this.#timer);
    if (!isOpen()) return;
    this.#timer = clock.set(() => this.#ask(), ms);
  }

  async #ask(): Promise<void> {
    const { call, random } = this.#parts;
    const asked = this.#users;
    try {
      const { users } = await call("chat.presence", { users: [...asked] });
      if (asked !== this.#users) return;
      this.#failures = 0;
      for (const presence of users) this.take(presence);
      if (asked.size > 0) this.#askIn(AGAIN_MS);
    } catch (error) {
      if (!(error instanceof BarrageCallError)) throw error;
      if (asked === this.#users && ERRORS[error.reason].retry) {
        this.#askIn((error.retryAfterMs ?? 0) + backoff(++this.#failures, random));
      }
    }
  }
}
