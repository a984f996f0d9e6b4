import assert from "node:assert/strict";
import fc from "fast-check";
import type { Item, RoomFrame } from "protocol/items.ts";
import { Cursor } from "../../client/cursor.ts";

const RETENTION = 20;

/** What a correct server does, one step at a time, to one viewer; merged items count for several. */
class Server {
  readonly #counts: number[] = [];
  #unsent = 0;

  get offset(): number {
    return this.#counts.length;
  }

  get accepted(): number {
    return sum(this.#counts);
  }

  say(count: number): void {
    this.#counts.push(count);
  }

  /** Everything since the last frame, of which the items `shed` chooses are left out. */
  frame(shed: (offset: number) => boolean): RoomFrame {
    const [from, to] = [this.#unsent + 1, this.offset];
    this.#unsent = to;
    const items = this.#between(from - 1, to);
    const kept = items.filter((item) => !shed(item.offset));
    const dropped = sum(items.map((item) => item.count)) - sum(kept.map((item) => item.count));
    return { room: "R", epoch: 1, from, to, items: kept, ...(dropped > 0 && { dropped: { say: dropped } }) };
  }

  join(resume: { offset: number } | undefined) {
    const oldest = Math.max(0, this.offset - RETENTION);
    const recovered = resume !== undefined && resume.offset >= oldest;
    const recent = this.#between(recovered ? resume.offset : oldest, this.offset);
    const lost = recovered || !resume ? 0 : sum(this.#counts.slice(resume.offset, oldest));
    this.#unsent = this.offset;
    return {
      epoch: 1,
      offset: this.offset,
      online: 1,
      recent,
      recovered: recovered || !resume,
      ...(lost > 0 && { dropped: { say: lost } }),
    };
  }

  #between(after: number, to: number): Item[] {
    return this.#counts.slice(after, to).map((count, i) => ({
      kind: "say",
      offset: after + i + 1,
      id: "I",
      user: { id: "U", name: "Ann" },
      text: "666",
      count,
      at: 0,
    }));
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("say" as const), count: fc.integer({ min: 1, max: 90 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("frame" as const), shed: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lose frame" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("repeat frame" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reconnect" as const) }) },
);

Deno.test("[C24] delivered counts and reported drops add up to what was accepted, under loss, repeats and reconnects", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const server = new Server();
    const cursor = new Cursor();
    const shown: number[] = [];
    let account = 0;
    let last: RoomFrame | undefined;

    function show(items: readonly Item[], dropped: { say?: number | undefined } | undefined): void {
      shown.push(...items.map((item) => item.offset));
      account += sum(items.map((item) => item.count)) + (dropped?.say ?? 0);
    }
    function join(): void {
      const joined = server.join(cursor.position);
      show(cursor.enter(joined).items, joined.dropped);
    }
    function receive(frame: RoomFrame): void {
      const taken = cursor.take(frame);
      if (taken.kind === "fresh") show(taken.items, taken.dropped);
      if (taken.kind === "gap") join();
    }

    join();
    for (const one of steps) {
      if (one.kind === "say") server.say(one.count);
      else if (one.kind === "frame") receive(last = server.frame((offset) => offset % one.shed === 1));
      else if (one.kind === "repeat frame") last && receive(last);
      else if (one.kind === "reconnect") join();
      else server.frame(() => false);
    }
    join();
    assert.equal(account, server.accepted);
    assert.deepEqual(shown, [...new Set(shown)].sort((a, b) => a - b));
  }));
});
