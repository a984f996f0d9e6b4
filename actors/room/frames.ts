import type { Headers } from "actors/bus/bus.ts";
import type { RoomFrame } from "protocol/items.ts";
import type { ItemRecord } from "storage/storage.ts";

/** Where the room stands after the records. */
export interface FramePosition {
  readonly room: string;
  readonly epoch: number;
  readonly head: number;
}

/** What changed besides the items; told once, with the first frame. */
export type FrameFacts = Pick<RoomFrame, "live" | "state">;

export interface PublishedFrame {
  readonly frame: RoomFrame;
  /** For those who pass frames on without reading them. */
  readonly headers: Headers;
}

/** The frames that tell of `records`, each of at most `itemsMax`; one without items when there are none. */
export function* framesOf(
  { room, epoch, head }: FramePosition,
  records: readonly ItemRecord[],
  facts: FrameFacts,
  itemsMax: number,
): Generator<PublishedFrame> {
  let start = 0;
  do {
    const items = records.slice(start, start + itemsMax).map(({ item }) => item);
    const from = items[0]?.offset ?? head + 1;
    const to = items.at(-1)?.offset ?? head;
    const frame: RoomFrame = { room, epoch, from, to, items, ...(start === 0 ? facts : {}) };
    const count = items.reduce((sum, item) => sum + item.count, 0);
    yield { frame, headers: { from: String(from), to: String(to), count: String(count) } };
    start += itemsMax;
  } while (start < records.length);
}
