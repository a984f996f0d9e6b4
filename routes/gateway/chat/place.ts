import type { ChatEvent } from "./chat_event.ts";
import type { ChatSeat } from "./chat_seat.ts";

export type PlaceLife =
  /** Waits for the answer to its sync; events are kept for it. */
  | { readonly phase: "joining" }
  /** Has everything up to `version`; its user was a member at version `checked`. */
  | { readonly phase: "live"; version: number; checked: number }
  | { readonly phase: "left" };

/** What a place asks of its channel. */
export interface PlaceKeeper {
  readonly conversation: string;
  begin(place: Place, version: number): void;
  leave(place: Place): void;
}

/** One socket among those that listen to one conversation. */
export class Place {
  life: PlaceLife = { phase: "joining" };

  constructor(readonly keeper: PlaceKeeper, readonly seat: ChatSeat) {}

  /** The cutover: the answer that holds everything up to `version` is on the wire, what was kept beyond it follows. */
  begin(version: number): void {
    this.keeper.begin(this, version);
  }

  leave(): void {
    this.keeper.leave(this);
  }

  /** @returns False when something before the event is missing here: nothing after the hole may be shown. */
  take(event: ChatEvent): boolean {
    if (this.life.phase !== "live") return true;
    const { version, previous, to, hidden } = event.change;
    if (version <= this.life.version) return true;
    if (previous > this.life.version) return false;
    if (event.isPosition || (to !== undefined && !to.has(this.seat.user))) return true;
    this.life.version = version;
    if (hidden?.has(this.seat.user) !== true) this.seat.send(event);
    return true;
  }
}
