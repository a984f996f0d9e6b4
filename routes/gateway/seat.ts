import type { Frame } from "protocol/codec.ts";
import type { Position } from "protocol/rooms.ts";
import type { Seat } from "actors/session/session.ts";
import type { FrameForm } from "./broadcast.ts";

/** The sending side of one WebSocket or event stream. */
export interface Viewer {
  readonly form: FrameForm;
  /** May close the viewer when it does not keep up; never throws. */
  send(frame: Frame): void;
}

export type SeatLife =
  /** Waits for the room's answer; frames are kept for it. `paused` when the viewer has asked for that already. */
  | { readonly phase: "joining"; paused: boolean }
  | { readonly phase: "live" }
  /** `total` is the gallery's running count when the viewer was last told of it. */
  | { readonly phase: "paused"; total: number }
  | { readonly phase: "left" };

/** What a seat asks of its gallery. */
export interface SeatKeeper {
  seated(seat: GallerySeat, position: Position): void;
  pause(seat: GallerySeat): void;
  unpause(seat: GallerySeat): void;
  leave(seat: GallerySeat): void;
}

export class GallerySeat implements Seat {
  life: SeatLife = { phase: "joining", paused: false };
  /** The last offset this viewer has. */
  after = 0;
  /** Of the newest owner this viewer has heard of; nothing of an older one is shown to it. */
  epoch = 0;

  constructor(readonly keeper: SeatKeeper, readonly viewer: Viewer) {}

  begin(position: Position): void {
    this.keeper.seated(this, position);
  }

  pause(): void {
    this.keeper.pause(this);
  }

  unpause(): void {
    this.keeper.unpause(this);
  }

  leave(): void {
    this.keeper.leave(this);
  }
}
