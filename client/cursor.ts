import type { Dropped, Item, RoomFrame } from "protocol/items.ts";
import type { Joined, Position } from "protocol/rooms.ts";

export type Taken =
  /** New items in order; `dropped` counts what the server left out. */
  | { readonly kind: "fresh"; readonly items: readonly Item[]; readonly dropped: Dropped | undefined }
  /** Seen before, or of an owner that has been replaced. */
  | { readonly kind: "stale" }
  /** Offsets are missing and nobody said why: the room has to be joined again from `position`. */
  | { readonly kind: "gap" };

/** Where one viewer stands in one room's order. Every item passes once; every hole is noticed. */
export class Cursor {
  #position: Position | undefined;

  get position(): Position | undefined {
    return this.#position;
  }

  take(frame: RoomFrame): Taken {
    const at = this.#position;
    if (!at || frame.epoch < at.epoch) return { kind: "stale" };
    const empty = frame.from > frame.to;
    if (empty ? frame.to < at.offset : frame.to <= at.offset) return { kind: "stale" };
    // In a frame with items `dropped` speaks of its own range; without items, of everything up to `to`.
    const hole = empty ? frame.to > at.offset && !frame.dropped : frame.from > at.offset + 1;
    if (hole) return { kind: "gap" };
    this.#position = { epoch: frame.epoch, offset: frame.to };
    return {
      kind: "fresh",
      items: frame.items.filter((item) => item.offset > at.offset),
      dropped: frame.dropped,
    };
  }

  /** After `room.join`: what of `recent` is new, and whether something between was lost. */
  enter(joined: Joined): { items: readonly Item[]; lost: boolean } {
    const before = this.#position;
    this.#position = { epoch: joined.epoch, offset: joined.offset };
    if (!before) return { items: joined.recent, lost: false };
    // An offset behind ours means that the room's order began anew: nothing of it has been seen.
    const seen = joined.offset < before.offset ? 0 : before.offset;
    return { items: joined.recent.filter((item) => item.offset > seen), lost: !joined.recovered };
  }
}
