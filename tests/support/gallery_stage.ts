import { setImmediate } from "node:timers";
import { MemoryBroker } from "actors/bus/memory.ts";
import { Drops } from "actors/runtime/drops.ts";
import type { Item, RoomFrame } from "protocol/items.ts";
import { Gallery } from "routes/gateway/gallery.ts";
import type { GallerySeat } from "routes/gateway/seat.ts";
import { person, ROOM, ulid } from "./room_stage.ts";
import { TestViewer } from "./test_viewer.ts";

/** One gallery on a memory bus, whose room is played by the test. */
export class GalleryStage implements AsyncDisposable {
  readonly drops = new Drops();
  readonly failures: unknown[] = [];
  readonly #broker = new MemoryBroker({ onError: (error) => this.failures.push(error) });
  readonly #room = this.#broker.connect();
  readonly #node = this.#broker.connect();
  readonly gallery: Gallery;
  /** Answers when the gallery asks for what it lost. */
  history: (after: number) => Promise<readonly Item[]> = () => Promise.reject(new Error("not expected"));
  emptied = 0;

  constructor() {
    this.gallery = new Gallery({
      room: ROOM,
      bus: this.#node,
      drops: this.drops,
      history: (_room, after) => this.history(after),
      onEmpty: () => this.emptied++,
    });
  }

  /** A viewer who has joined at `offset`. */
  async join(offset: number, viewer: TestViewer = new TestViewer()): Promise<Seated> {
    const seat = await this.gallery.enter(viewer);
    seat.begin({ epoch: 1, offset });
    return { viewer, seat };
  }

  /** As the room publishes; by default one item for each offset from `from` to `to`. */
  publish(from: number, to: number, more: Partial<RoomFrame> = {}): void {
    const frame: RoomFrame = { room: ROOM, epoch: 1, from, to, items: itemsOf(from, to), ...more };
    const count = frame.items.reduce((sum, item) => sum + item.count, 0);
    const headers = { epoch: String(frame.epoch), from: String(from), to: String(to), count: String(count) };
    const body = new TextEncoder().encode(JSON.stringify(frame));
    this.#room.publish(`barrage.v1.evt.room.${ROOM}.frame`, body, headers);
  }

  /** Everything published so far has arrived, and what that set in motion is done. */
  async settle(): Promise<void> {
    for (let hop = 0; hop < 12; hop++) await new Promise((resolve) => setImmediate(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#room[Symbol.asyncDispose]();
    await this.#node[Symbol.asyncDispose]();
  }
}

export interface Seated {
  readonly viewer: TestViewer;
  readonly seat: GallerySeat;
}

export function itemsOf(from: number, to: number): Item[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => itemAt(from + i));
}

/** Said as often as the last digit of its offset tells, and once more. */
export function itemAt(offset: number): Item {
  const count = offset % 10 + 1;
  return { kind: "say", offset, id: ulid(offset), user: person(1), text: `item ${offset}`, count, at: 1 };
}

export function countOf(from: number, to: number): number {
  return itemsOf(from, to).reduce((sum, { count }) => sum + count, 0);
}
