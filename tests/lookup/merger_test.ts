import { deepEqual, equal } from "node:assert/strict";
import { DEFAULT_MERGE_LIMITS, type MergeLimits } from "actors/lookup/limits.ts";
import { type Found, Merger } from "actors/lookup/merger.ts";
import { BarrageError } from "protocol/errors.ts";
import { outcome } from "tests/support/runtime_stage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

/** Queries of an imaginary store: each waits until the test answers it. */
class Desk {
  readonly clock = new VirtualClock();
  readonly queries: { readonly ids: readonly string[]; answer(): void; fail(error: Error): void }[] = [];
  readonly merger: Merger<string>;
  /** Fails every query that asks for one of these. */
  readonly poison = new Set<string>();

  constructor(limits: Partial<MergeLimits> = {}) {
    this.merger = new Merger({
      read: (ids) => this.#query(ids),
      clock: this.clock,
      limits: { ...DEFAULT_MERGE_LIMITS, windowMs: 0, ...limits },
    });
  }

  get(id: string, maxAgeMs = 0, until = Infinity): Promise<Found<string>> {
    return this.merger.get(id, maxAgeMs, until);
  }

  get asked(): string[] {
    return this.queries.map(({ ids }) => ids.join(" "));
  }

  async answer(nth: number): Promise<void> {
    this.queries[nth]!.answer();
    await this.clock.settle();
  }

  #query(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (ids.some((id) => this.poison.has(id))) return Promise.reject(new TypeError("A row cannot be read"));
    const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, string>>();
    const found = ids.filter((id) => !id.startsWith("no")).map((id) => [id, `value of ${id}`] as const);
    this.queries.push({ ids, answer: () => resolve(new Map(found)), fail: reject });
    return promise;
  }
}

async function valueOf(found: Promise<Found<string>>): Promise<string | undefined> {
  return (await found).value;
}

Deno.test("[LK1] a lone read starts at once; what comes while it runs becomes one query, each id once", async () => {
  const desk = new Desk();
  const first = desk.get("a");
  deepEqual(desk.asked, ["a"]);
  const rest = [desk.get("b"), desk.get("c"), desk.get("b"), desk.get("none")];
  deepEqual(desk.asked, ["a"]);
  await desk.answer(0);
  deepEqual(desk.asked, ["a", "b c none"]);
  await desk.answer(1);
  equal(await valueOf(first), "value of a");
  deepEqual(await Promise.all(rest.map(valueOf)), ["value of b", "value of c", "value of b", undefined]);
});

Deno.test("[LK2] a fresh read waits for a query that begins after it; another shares one that runs or has just ended", async () => {
  const desk = new Desk({ recentMs: 1_000 });
  const first = desk.get("a", 500);
  const shared = desk.get("a", 500);
  const fresh = desk.get("a", 0);
  deepEqual(desk.asked, ["a"]);
  await desk.answer(0);
  deepEqual(desk.asked, ["a", "a"]);
  deepEqual(await Promise.all([first, shared].map(valueOf)), ["value of a", "value of a"]);
  equal(await outcome(fresh), "open");
  await desk.answer(1);
  equal((await fresh).readAt, desk.clock.monotonic());
  await desk.clock.advance(400);
  equal(await valueOf(desk.get("a", 500)), "value of a");
  equal(desk.queries.length, 2);
  await desk.clock.advance(101);
  desk.get("a", 500);
  equal(desk.queries.length, 3);
  await desk.answer(2);
  desk.merger.forget("a");
  desk.get("a", 500);
  equal(desk.queries.length, 4);
});

Deno.test("[LK2] a query that began too long ago is not shared, though it still runs", async () => {
  const desk = new Desk({ slowMs: 20 });
  desk.get("a");
  await desk.clock.advance(100);
  desk.get("a", 101);
  deepEqual(desk.asked, ["a"]);
  desk.get("a", 99);
  deepEqual(desk.asked, ["a", "a"]);
});

Deno.test("[LK3] beside a slow query another one starts, and no more than the bound", async () => {
  const desk = new Desk({ slowMs: 20, parallel: 3 });
  for (const id of ["a", "b", "c", "d"]) {
    desk.get(id);
    await desk.clock.advance(19);
  }
  // Each waited for the one before to become slow.
  deepEqual(desk.asked, ["a", "b", "c"]);
  desk.get("e");
  await desk.clock.advance(1_000);
  equal(desk.queries.length, 3);
  await desk.answer(1);
  deepEqual(desk.asked.slice(3), ["d e"]);
});

Deno.test("[LK4] a query that fails is halved until only the bad id is refused", async () => {
  const desk = new Desk();
  desk.poison.add("p");
  desk.get("first");
  const reads = ["a", "b", "p", "c", "d"].map((id) =>
    desk.get(id).then(({ value }) => value, ({ reason }) => reason)
  );
  await desk.answer(0);
  for (let n = 1; n < desk.queries.length; n++) await desk.answer(n);
  deepEqual(await Promise.all(reads), [
    "value of a",
    "value of b",
    "unavailable",
    "value of c",
    "value of d",
  ]);
});

Deno.test("[LK5] when the store is away all who share the query are told, and it is not asked in parts", async () => {
  const desk = new Desk();
  desk.get("first");
  const reads = ["a", "b"].map((id) => desk.get(id).catch(({ reason }) => reason));
  await desk.answer(0);
  desk.queries[1]!.fail(new BarrageError("unavailable", "The database cannot be reached"));
  deepEqual(await Promise.all(reads), ["unavailable", "unavailable"]);
  equal(desk.queries.length, 2);
  const later = desk.get("c");
  await desk.answer(2);
  equal(await valueOf(later), "value of c");
});

Deno.test("[LK6] an id whose callers have all given up is not asked for; one of them who waits is enough", async () => {
  const desk = new Desk({ parallel: 1 });
  desk.get("first");
  const late = desk.get("late", 0, 50).catch(({ reason }) => reason);
  const impatient = desk.get("both", 0, 50);
  const patient = desk.get("both", 0, 500);
  await desk.clock.advance(60);
  await desk.answer(0);
  deepEqual(desk.asked, ["first", "both"]);
  equal(await late, "expired");
  await desk.answer(1);
  deepEqual(await Promise.all([impatient, patient].map(valueOf)), ["value of both", "value of both"]);
});

Deno.test("[LK7] a query has a bounded number of ids, and so has what waits; over it reads are refused", async () => {
  const desk = new Desk({ idsMax: 2, waitingMax: 3, parallel: 1 });
  desk.get("first");
  for (const id of ["a", "b", "c"]) desk.get(id);
  const over = desk.get("d");
  equal(await outcome(over), "overloaded");
  await desk.answer(0);
  await desk.answer(1);
  deepEqual(desk.asked, ["first", "a b", "c"]);
  equal(desk.merger.stats.refused, 1);
});

Deno.test("[LK8] the window keeps queries apart, only above its rate, and never waits when a query is full", async () => {
  const quiet = new Desk({ windowMs: 10, abovePerSecond: 1_000 });
  quiet.get("a");
  await quiet.answer(0);
  quiet.get("b");
  deepEqual(quiet.asked, ["a", "b"]);

  const windowed = new Desk({ windowMs: 10, abovePerSecond: 0, idsMax: 3 });
  windowed.get("a");
  await windowed.answer(0);
  windowed.get("b");
  await windowed.clock.advance(9);
  windowed.get("c");
  deepEqual(windowed.asked, ["a"]);
  await windowed.clock.advance(1);
  deepEqual(windowed.asked, ["a", "b c"]);
  await windowed.answer(1);
  for (const id of ["d", "e", "f"]) windowed.get(id);
  await windowed.clock.advance(0);
  deepEqual(windowed.asked.slice(2), ["d e f"]);
});
