import type { Room } from "client/mod.ts";

/** Everything a room shows, in order. */
export class Recorder {
  readonly texts: string[] = [];
  gaps = 0;
  readonly #waiting = new Set<() => void>();

  constructor(room: Room) {
    room.on("items", (items) => {
      this.texts.push(...items.map((item) => item.text));
      for (const check of [...this.#waiting]) check();
    });
    room.on("gap", () => this.gaps++);
  }

  /** Resolves when the text has been seen; the test's own time limit ends a wait in vain. */
  until(text: string): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!this.texts.includes(text)) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }
}
