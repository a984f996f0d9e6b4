import type { CloseReason } from "protocol/close_codes.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { Revocations } from "../revocations.ts";
import { revocableId, type Verified } from "../verifier.ts";

const SWEEP_MS = 1_000;

/** What rests on a token: a socket, or an event stream. */
export interface Holder {
  /** Leaves the desk. */
  close(reason: CloseReason): void;
}

interface Hold {
  /** Of the session or key. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Lets nothing outlive the token it rests on: what has ended is closed at once, what has run out within a second. */
export class TokenDesk implements Disposable {
  readonly #clock: Clock;
  readonly #revocations: Pick<Revocations, "watch" | "remembers">;
  readonly #holds = new Map<Holder, Hold>();
  readonly #byId = new Map<string, Holder[]>();
  readonly #unwatch: () => void;
  #cancel: (() => void) | undefined;

  constructor(revocations: Pick<Revocations, "watch" | "remembers">, clock: Clock) {
    this.#clock = clock;
    this.#revocations = revocations;
    this.#unwatch = revocations.watch((ids) => this.#end(ids));
    this.#plan();
  }

  /** Again with another token: the holder rests on that one from now on. */
  enter(holder: Holder, { caller, expiresAt }: Verified): void {
    const id = revocableId(caller);
    const held = this.#holds.get(holder);
    if (held !== undefined && held.id !== id) this.leave(holder);
    this.#holds.set(holder, { id, expiresAt });
    if (held?.id !== id) {
      const others = this.#byId.get(id);
      if (others === undefined) this.#byId.set(id, [holder]);
      else others.push(holder);
    }
    // It may have ended since the token was checked.
    if (this.#revocations.remembers(id)) holder.close("unauthenticated");
  }

  leave(holder: Holder): void {
    const held = this.#holds.get(holder);
    if (held === undefined) return;
    this.#holds.delete(holder);
    const left = this.#byId.get(held.id)?.filter((other) => other !== holder) ?? [];
    if (left.length > 0) this.#byId.set(held.id, left);
    else this.#byId.delete(held.id);
  }

  [Symbol.dispose](): void {
    this.#cancel?.();
    this.#unwatch();
  }

  #end(ids: readonly string[]): void {
    for (const id of ids) {
      for (const holder of [...this.#byId.get(id) ?? []]) holder.close("unauthenticated");
    }
  }

  #plan(): void {
    this.#cancel = this.#clock.after(SWEEP_MS, () => {
      const now = this.#clock.now();
      for (const [holder, { expiresAt }] of this.#holds) if (expiresAt <= now) holder.close("token_expired");
      this.#plan();
    });
  }
}
