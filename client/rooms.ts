import type { RoomFrame } from "protocol/items.ts";
import type { Call } from "./call.ts";
import { Room, type RoomParts } from "./room.ts";

/** The rooms of one connection. */
export class Rooms {
  readonly #parts: Omit<RoomParts, "forget">;
  readonly #rooms = new Map<string, Room>();

  constructor(parts: Omit<RoomParts, "forget">) {
    this.#parts = parts;
  }

  /** The same object for the same id. */
  get(id: string): Room {
    const known = this.#rooms.get(id);
    if (known) return known;
    const room = new Room(id, { ...this.#parts, forget: () => this.#rooms.delete(id) });
    this.#rooms.set(id, room);
    return room;
  }

  receive(frame: RoomFrame): void {
    this.#rooms.get(frame.room)?.receive(frame);
  }

  /** Resolves when the first attempt to be inside again has ended in all of them. */
  async linkOpened(): Promise<void> {
    await Promise.allSettled([...this.#rooms.values()].map((room) => room.linkOpened()));
  }

  linkLost(): void {
    for (const room of this.#rooms.values()) room.linkLost();
  }

  /** The server answers only those who are in the room. */
  isEntering({ params }: Call): boolean {
    const { room } = params as { readonly room?: string };
    return room !== undefined && this.#rooms.get(room)?.state.status === "joining";
  }
}
