import type { Room } from "client/mod.ts";
import type { Item } from "protocol/items.ts";
import type { Entry, Sight, ViewerHistory } from "./history.ts";

/** Writes down what one viewer of one room is shown. */
export class Viewer {
  readonly #name: string;
  readonly #room: Room;
  readonly #sights: Sight[] = [];
  #last = "";

  constructor(name: string, room: Room) {
    this.#name = name;
    this.#room = room;
    room.on("items", (items) => this.#see(items));
    room.on("dropped", ({ say }) => this.#sights.push({ kind: "missing", count: say }));
    room.on("gap", ({ dropped }) => this.#sights.push({ kind: "missing", count: dropped?.say }));
  }

  /** The text of the newest item. */
  get last(): string {
    return this.#last;
  }

  get history(): ViewerHistory {
    return { viewer: this.#name, room: this.#room.id, sights: this.#sights };
  }

  #see(items: readonly Item[]): void {
    for (const item of items) this.#sights.push({ kind: "item", entry: entryOf(item) });
    this.#last = items.at(-1)?.text ?? this.#last;
  }
}

export function entryOf({ offset, id, text, count }: Item): Entry {
  return { offset, id, text, count };
}
