import { deepEqual, equal, ok } from "node:assert/strict";
import { MemoryBroker } from "actors/bus/memory.ts";
import { DEFAULT_HOT_LIMITS, HotKeys, mergeHot } from "actors/lookup/hot_keys.ts";
import { HotPoll } from "actors/lookup/hot_poll.ts";
import { Ids } from "actors/runtime/ids.ts";
import { ReadStage } from "tests/support/read_stage.ts";
import { seeded, ulid } from "tests/support/room_stage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

Deno.test("[LK60] among a million reads of any keys those of the hot ones are found, with what may be too much", () => {
  const random = seeded(5);
  const hot = new HotKeys(() => 0, { keysMax: 100, windowMs: 1_000, perSecond: 1_000 });
  const truth = new Map<string, number>();
  for (let n = 0; n < 300_000; n++) {
    // One in three is one of ten.
    const key = n % 3 === 0 ? `hot${Math.floor(random() * 10)}` : `k${Math.floor(random() * 100_000)}`;
    truth.set(key, (truth.get(key) ?? 0) + 1);
    hot.count(key);
  }
  const top = hot.top(10);
  deepEqual(top.map(({ key }) => key).sort(), Array.from({ length: 10 }, (_, n) => `hot${n}`));
  for (const { key, perSecond, error } of hot.top(100)) {
    const real = truth.get(key)!;
    ok(perSecond >= real && perSecond - error <= real, `${key} ${perSecond} -${error}, is ${real}`);
  }
  ok(hot.isHot("hot3"));
  ok(!hot.isHot(top.at(-1)!.key.replace("hot", "k")));
});

Deno.test("[LK61] a key that nobody reads any more is hot for two windows at most", () => {
  let now = 0;
  const hot = new HotKeys(() => now, { keysMax: 10, windowMs: 1_000, perSecond: 5 });
  for (let n = 0; n < 10; n++) hot.count("k");
  ok(hot.isHot("k"));
  now = 1_500;
  ok(hot.isHot("k"));
  now = 2_000;
  ok(!hot.isHot("k"));
  deepEqual(hot.top(10), []);
});

Deno.test("[LK62] the lists of all nodes that answer are one list", async () => {
  const clock = new VirtualClock();
  const broker = new MemoryBroker({
    onError: (error) => {
      throw error;
    },
  });
  await using owned = new AsyncDisposableStack();
  const polls = [1, 2, 3].map((reads) => {
    const hot = new HotKeys(() => clock.monotonic(), { ...DEFAULT_HOT_LIMITS, windowMs: 1_000 });
    for (let n = 0; n < reads; n++) hot.count("shared");
    hot.count(`only${reads}`);
    const bus = owned.use(broker.connect());
    return owned.use(new HotPoll({ bus, clock, ids: new Ids(clock, Math.random), hot }));
  });
  await Promise.all(polls.map(({ ready }) => ready));
  const asked = polls[0]!.ask(2);
  await clock.advance(300);
  const { nodes, keys } = await asked;
  equal(nodes, 3);
  deepEqual(keys[0], { key: "shared", perSecond: 6, error: 0 });
  equal(keys.length, 2);
  deepEqual(mergeHot([], 5), []);
});

Deno.test("[LK63] nobody waits for a hot card: it is renewed in the node's own memory before its time there is over", async () => {
  let hot = false;
  await using stage = await ReadStage.open(["a"], {
    reader: { isHot: () => hot },
    reads: { firstMs: 1_000 },
  });
  await stage.createRoom(ulid(1), "v1");
  const { reader } = stage.node("a");
  await stage.run(reader.read("room", ulid(1)));
  const misses = async () => {
    const before = reader.stats.first;
    for (let n = 0; n < 40; n++) {
      await stage.clock.advance(100);
      await stage.run(reader.read("room", ulid(1)));
    }
    return 40 - (reader.stats.first - before);
  };
  ok(await misses() >= 3);
  hot = true;
  await stage.run(reader.read("room", ulid(1)));
  equal(await misses(), 0);
});
