import { BarrageError } from "protocol/errors.ts";
import type { Mute } from "protocol/rooms.ts";

/** Who may not speak, and until when (ms since 1970). Bounded; what has run out makes room for new ones. */
export class Mutes {
  readonly #until: ReadonlyMap<string, number>;

  constructor(mutes: readonly Mute[]) {
    this.#until = new Map(mutes.map(({ user, until }) => [user, until]));
  }

  /** Milliseconds until the user may speak again; 0 when he may now. */
  leftMs(user: string, now: number): number {
    const until = this.#until.get(user);
    return until === undefined ? 0 : Math.max(0, until - now);
  }

  /** Those that hold at `now`, the longest-standing first. */
  at(now: number): Mute[] {
    return [...this.#until].filter(([, until]) => until > now).map(([user, until]) => ({ user, until }));
  }

  /** @throws {BarrageError} `conflict` when `max` others hold. */
  with(mute: Mute, now: number, max: number): Mute[] {
    const others = this.without(mute.user, now);
    if (others.length >= max) {
      throw new BarrageError("conflict", `Cannot mute more than ${max} users of one room: unmute some first`);
    }
    return [...others, mute];
  }

  without(user: string, now: number): Mute[] {
    return this.at(now).filter((mute) => mute.user !== user);
  }
}
