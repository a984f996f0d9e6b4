import type { ItemRecord, RoomRecord, Storage, TimerRecord } from "storage/storage.ts";
import { DEFAULT_ROOM_SETTINGS } from "protocol/rooms.ts";

export const ALICE = { id: "01JD3Y4B6V8Q2Z5K7M9N0PA11C", name: "Alice" };

/** A ULID-shaped id that sorts by `n`. */
export function roomId(n: number): string {
  return `01JD3Y4B6V8Q2Z5K7M9N0P${String(n).padStart(4, "0")}`;
}

export function room(n: number, changed: Partial<RoomRecord> = {}): RoomRecord {
  return {
    id: roomId(n),
    title: `Room ${n}`,
    owner: ALICE,
    state: "live",
    settings: DEFAULT_ROOM_SETTINGS,
    moderators: [],
    mutes: [],
    createdAt: 1_700_000_000_000 + n,
    head: 0,
    total: 0,
    ...changed,
  };
}

/** One danmaku at `offset`, said at `offset` milliseconds; each counts for one, so the total is the offset. */
export function say(offset: number, text = `say ${offset}`): ItemRecord {
  return {
    item: { kind: "say", offset, id: roomId(offset), user: ALICE, text, count: 1, at: offset },
    total: offset,
    said: [],
  };
}

export function says(from: number, to: number): ItemRecord[] {
  return Array.from({ length: to - from + 1 }, (_, index) => say(from + index));
}

export function timer(name: string, changed: Partial<TimerRecord> = {}): TimerRecord {
  return {
    kind: "room",
    key: roomId(1),
    name,
    generation: 1,
    shard: 7,
    dueAt: 100,
    verb: "tick",
    input: null,
    ...changed,
  };
}

export function fence(n: number, epoch = 1) {
  return { noun: "room", id: roomId(n), epoch } as const;
}

export async function createRooms(storage: Storage, ...numbers: readonly number[]): Promise<void> {
  for (const n of numbers) await storage.rooms.create(room(n), 1);
}

export async function offsets(storage: Storage, n: number): Promise<number[]> {
  return (await storage.rooms.itemsAfter(roomId(n), 0, 1_000)).map(({ item }) => item.offset);
}
