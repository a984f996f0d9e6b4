import { z } from "zod";
import { DEFAULT_ROOM_SETTINGS } from "protocol/rooms.ts";
import type { Factory, Self, Turn } from "actors/runtime/behaviour.ts";
import type { Call } from "actors/runtime/call.ts";
import { defineActor } from "actors/runtime/definition.ts";
import type { ItemRecord, RoomStore } from "storage/storage.ts";

const Entry = z.object({ text: z.string() });
const Line = z.object({ offset: z.number() });
const Nothing = z.object({});

/** The smallest actor that stores: appends lines to the row it owns, and lets timers append too. */
export const ledgerActor = defineActor({
  kind: "ledger",
  placement: "shard",
  key: z.string(),
  noun: "room",
  verbs: {
    add: { input: Entry, output: Line, batched: 100 },
    arm: { input: z.object({ name: z.string(), dueAt: z.number(), text: z.string() }), output: Nothing },
    armOnce: { input: z.object({ name: z.string(), dueAt: z.number(), text: z.string() }), output: Nothing },
    disarm: { input: z.object({ name: z.string() }), output: Nothing },
    ring: { input: Entry, output: Nothing },
    silent: { input: Entry, output: Nothing },
    crash: { input: Nothing, output: Nothing },
  },
});

export type LedgerVerbs = typeof ledgerActor["verbs"];

export interface LedgerWatch {
  /** Called when a turn begins and ends. */
  turn?: (key: string, edge: "begin" | "end", epoch: number) => void;
  silent?: (text: string) => void;
}

export function ledgerFactory(rooms: RoomStore, watch: LedgerWatch = {}): Factory<LedgerVerbs> {
  return (self) => new Ledger(self, rooms, watch);
}

class Ledger {
  #head = 0;
  /** What was stored, so that a command that comes twice is stored once, as every actor that stores must see to. */
  readonly #stored = new Map<string, number>();

  constructor(readonly self: Self, readonly rooms: RoomStore, readonly watch: LedgerWatch) {}

  onActivate(): Promise<void> {
    return this.#turn(async () => {
      const { key, epoch, clock } = this.self;
      const known = await this.rooms.acquire(key, epoch);
      if (known === undefined) {
        const owner = { id: "01JD3Y4B6V8Q2Z5K7M9N0P1R2S", name: "ledger" };
        const settings = DEFAULT_ROOM_SETTINGS;
        const row = {
          id: key,
          title: key,
          owner,
          state: "live",
          settings,
          moderators: [],
          mutes: [],
          createdAt: clock.now(),
          head: 0,
          total: 0,
        };
        await this.rooms.create({ ...row, state: "live" }, epoch);
      }
      for (const { item } of await this.rooms.itemsTail(key, 1_000)) this.#stored.set(item.text, item.offset);
      this.#head = this.#stored.size;
    });
  }

  add(calls: readonly Call<{ text: string }, { offset: number }>[]): Promise<void> {
    return this.#turn(async () => {
      const records = calls.filter(({ input }) => !this.#stored.has(input.text))
        .map(({ input }) => this.#record(input.text));
      if (records.length > 0) await this.self.commit([this.rooms.append(this.self.key, records)]);
      for (const call of calls) call.reply({ offset: this.#stored.get(call.input.text)! });
    });
  }

  arm({ name, dueAt, text }: { name: string; dueAt: number; text: string }): Promise<Record<string, never>> {
    return this.#turn(async () => {
      await this.self.commit([
        this.self.setTimer(name, dueAt, text.startsWith("silent") ? "silent" : "ring", { text }),
      ]);
      return {};
    });
  }

  /** As `arm`, and remembers for good that it did. */
  armOnce(
    { name, dueAt, text }: { name: string; dueAt: number; text: string },
  ): Promise<Record<string, never>> {
    return this.#turn(async () => {
      const line = `armed ${name}`;
      if (this.#stored.has(line)) return {};
      const append = this.rooms.append(this.self.key, [this.#record(line)]);
      await this.self.commit([append, this.self.setTimer(name, dueAt, "ring", { text })]);
      return {};
    });
  }

  disarm({ name }: { name: string }): Promise<Record<string, never>> {
    return this.#turn(async () => {
      await this.self.commit([this.self.cancelTimer(name)]);
      return {};
    });
  }

  ring({ text }: { text: string }): Promise<Record<string, never>> {
    return this.#turn(async () => {
      await this.self.commit([this.rooms.append(this.self.key, [this.#record(text)])]);
      return {};
    });
  }

  silent({ text }: { text: string }): Record<string, never> {
    this.watch.silent?.(text);
    return {};
  }

  crash(_input: unknown, _turn: Turn): never {
    throw new Error("crash on demand");
  }

  #record(text: string): ItemRecord {
    const offset = ++this.#head;
    this.#stored.set(text, offset);
    const user = { id: "01JD3Y4B6V8Q2Z5K7M9N0P1R2S", name: "ledger" };
    const { ids, clock } = this.self;
    return {
      item: { kind: "say", offset, id: ids.next(), user, text, count: 1, at: clock.now() },
      total: offset,
      said: [],
    };
  }

  async #turn<T>(run: () => Promise<T>): Promise<T> {
    this.watch.turn?.(this.self.key, "begin", this.self.epoch);
    try {
      return await run();
    } finally {
      this.watch.turn?.(this.self.key, "end", this.self.epoch);
    }
  }
}

export async function linesOf(rooms: RoomStore, key: string): Promise<string[]> {
  const lines: string[] = [];
  for (let after = 0;;) {
    const page = await rooms.itemsAfter(key, after, 1_000);
    for (const { item } of page) lines.push(item.text);
    if (page.length < 1_000) return lines;
    after = page.at(-1)!.item.offset;
  }
}
