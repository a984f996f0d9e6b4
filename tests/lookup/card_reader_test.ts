import { deepEqual, equal, ok } from "node:assert/strict";
import { lookupKey } from "actors/lookup/definition.ts";
import { shardOf } from "actors/runtime/shard.ts";
import { BarrageError } from "protocol/errors.ts";
import { ReadStage } from "tests/support/read_stage.ts";
import { ulid } from "tests/support/room_stage.ts";
import { outcome } from "tests/support/runtime_stage.ts";

const ROOM = ulid(1);
const NODES = ["a", "b", "c"];

async function staged(...args: Parameters<typeof ReadStage.open>): Promise<ReadStage> {
  const stage = await ReadStage.open(...args);
  await stage.createRoom(ROOM, "v1");
  return stage;
}

Deno.test("[LK10] ten thousand reads of one expired card on three nodes are one query", async () => {
  await using stage = await staged(NODES, { merge: { recentMs: 1_000 } });
  stage.queryMs = () => 5;
  await stage.run(stage.node("a").title(ROOM, false));
  await stage.clock.advance(stage.limits.staleMs);
  stage.queries = 0;
  const reads = Array.from({ length: 10_000 }, (_, n) => stage.node(NODES[n % 3]!).title(ROOM, false));
  const titles = await stage.run(Promise.all(reads));
  ok(titles.every(({ title }) => title === "v1"));
  equal(stage.queries, 1);
});

Deno.test("[LK10] so are ten thousand of one that may still be shown, and none of them waits for it", async () => {
  await using stage = await staged(NODES, { reads: { earlyFactor: 0 } });
  await stage.run(stage.node("a").title(ROOM, false));
  await stage.clock.advance(stage.limits.freshMs);
  stage.queries = 0;
  stage.queryMs = () => 1_000;
  const began = stage.clock.monotonic();
  const reads = Array.from({ length: 10_000 }, (_, n) => stage.node(NODES[n % 3]!).title(ROOM, false));
  await stage.run(Promise.all(reads));
  ok(stage.clock.monotonic() - began < 50);
  await stage.clock.advance(2_000);
  equal(stage.queries, 1);
});

Deno.test("[LK20] a card is as old as the beginning of its query, in every cache and on every node", async () => {
  await using stage = await staged(NODES, { reads: { freshMs: 20_000 } });
  stage.queryMs = () => 2_000;
  const began = stage.clock.monotonic();
  const ages = async () => {
    const reads = NODES.map((id) => stage.node(id).reader.read("room", ROOM));
    return (await stage.run(Promise.all(reads))).map(({ ageMs }) => ageMs);
  };
  for (let round = 0; round < 3; round++) {
    for (const age of await ages()) {
      const since = stage.clock.monotonic() - began;
      ok(age >= since - 10 && age <= since + 50, `${age} instead of ${since}`);
    }
    // Past the time in the nodes' own memory, then in it.
    await stage.clock.advance(round === 0 ? 2_000 : 100);
  }
  stage.faults.lost = 1;
  await stage.rename(ROOM, "v2");
  await stage.clock.advance(stage.limits.staleMs - (stage.clock.monotonic() - began));
  equal((await stage.run(stage.node("b").title(ROOM, false))).version, 2);
});

Deno.test("[LK11] a fresh read sees what was acknowledged before it, with every cache full and every message lost", async () => {
  await using stage = await staged(NODES);
  for (const id of NODES) await stage.run(stage.node(id).title(ROOM, false));
  stage.faults.lost = 1;
  await stage.rename(ROOM, "v2", "a");
  const seen = await stage.run(Promise.all(NODES.map((id) => stage.node(id).title(ROOM, true))));
  deepEqual(seen.map(({ title }) => title), ["v2", "v2", "v2"]);
});

Deno.test("[LK19] a read whose bucket moves to another node while it waits is answered all the same", async () => {
  await using stage = await staged(NODES);
  const [asker, owner] = [...NODES].sort((a, b) => Number(owns(stage, a)) - Number(owns(stage, b))).slice(1);
  const sibling = Array.from({ length: 1_000 }, (_, n) => ulid(100 + n))
    .find((id) => lookupKey("room", id) === lookupKey("room", ROOM))!;
  await stage.createRoom(sibling, "v1");
  stage.queryMs = () => stage.queries === 1 ? 60_000 : 1;
  stage.queries = 0;
  const { reader } = stage.node(asker!);
  const waiting = reader.read("room", ROOM, { fresh: true });
  await stage.clock.advance(100);
  // Answered after it was asked and before the other one: what is sent again would overtake it.
  equal((await stage.run(reader.read("room", sibling, { fresh: true }))).version, 1);
  const over = stage.node(owner!).runtime.handEverythingOver(3_000);
  equal((await stage.run(waiting)).version, 1);
  await stage.run(over);
});

Deno.test("[LK19] while nobody has taken over the bucket of a node that died, its cards are read all the same", async () => {
  await using stage = await staged(NODES);
  const [asker, owner] = [...NODES].sort((a, b) => Number(owns(stage, a)) - Number(owns(stage, b))).slice(1);
  stage.node(owner!).kill();
  await stage.rename(ROOM, "v2");
  const began = stage.clock.monotonic();
  equal((await stage.run(stage.node(asker!).title(ROOM, true))).title, "v2");
  ok(stage.clock.monotonic() - began < 5_000);
  ok(NODES.every((id) => id === owner || !owns(stage, id)));
  // What it read others find.
  stage.queries = 0;
  const [other] = NODES.filter((id) => id !== owner && id !== asker);
  equal((await stage.run(stage.node(other!).title(ROOM, false))).title, "v2");
  equal(stage.queries, 0);
});

function owns(stage: ReadStage, node: string): boolean {
  return stage.node(node).runtime.ownership.epochOf(shardOf("lookup", lookupKey("room", ROOM))) !== undefined;
}

Deno.test("[LK12] a reader who has seen a version is shown none before it", async () => {
  await using stage = await staged(NODES);
  for (const id of NODES) await stage.run(stage.node(id).title(ROOM, false));
  stage.faults.lost = 1;
  await stage.rename(ROOM, "v2", "a");
  const { reader } = stage.node("b");
  equal((await stage.run(reader.read("room", ROOM))).version, 1);
  equal((await stage.run(reader.read("room", ROOM, { atLeast: 2 }))).version, 2);
});

Deno.test("[LK13] a change is seen on every node at once, and costs each of them no query but one for all", async () => {
  await using stage = await staged(NODES);
  for (const id of NODES) await stage.run(stage.node(id).title(ROOM, false));
  stage.queries = 0;
  await stage.rename(ROOM, "v2", "b");
  await stage.clock.advance(1);
  const seen = await stage.run(Promise.all(NODES.map((id) => stage.node(id).title(ROOM, false))));
  deepEqual(seen.map(({ title }) => title), ["v2", "v2", "v2"]);
  equal(stage.queries, 1);
  await stage.clock.advance(1_000);
  deepEqual(await stage.storage.changes.untold(0, 10), []);
});

Deno.test("[LK14] a change that its node died of is told within two seconds, and then never again", async () => {
  await using stage = await staged(NODES);
  for (const id of NODES) await stage.run(stage.node(id).title(ROOM, false));
  await stage.rename(ROOM, "v2");
  equal((await stage.storage.changes.untold(0, 10)).at(-1)!.version, 2);
  await stage.clock.advance(2_100);
  const seen = await stage.run(Promise.all(NODES.map((id) => stage.node(id).title(ROOM, false))));
  deepEqual(seen.map(({ title }) => title), ["v2", "v2", "v2"]);
  deepEqual(await stage.storage.changes.untold(0, 10), []);
});

Deno.test("[LK14] while the shared cache is away a change stays untold, until nothing can be that old any more", async () => {
  await using stage = await staged(NODES);
  stage.sharedAway = true;
  await stage.rename(ROOM, "v2", "a");
  await stage.clock.advance(stage.limits.staleMs);
  ok((await stage.storage.changes.untold(0, 10)).length > 0);
  await stage.clock.advance(stage.limits.staleMs + 5_000);
  deepEqual(await stage.storage.changes.untold(0, 10), []);
});

Deno.test("[LK15] a node that was off the bus forgets what it kept in its own memory", async () => {
  await using stage = await staged(["a"], { reads: { firstMs: 30_000 } });
  const { reader, bus } = stage.node("a");
  await stage.run(reader.read("room", ROOM));
  await stage.run(reader.read("room", ROOM));
  const { first } = reader.stats;
  bus.disconnect();
  bus.reconnect();
  await stage.clock.settle();
  await stage.run(reader.read("room", ROOM));
  equal(reader.stats.first, first);
  await stage.run(reader.read("room", ROOM));
  equal(reader.stats.first, first + 1);
});

Deno.test("[LK15] nor does it keep a card that was on its way while it was off the bus", async () => {
  await using stage = await staged(["a"], { reads: { firstMs: 30_000 } });
  const { reader, bus } = stage.node("a");
  stage.queryMs = () => 100;
  const reading = reader.read("room", ROOM);
  await stage.clock.advance(50);
  bus.disconnect();
  bus.reconnect();
  await stage.run(reading);
  equal((await stage.run(reader.read("room", ROOM))).version, 1);
  equal(reader.stats.first, 0);
});

Deno.test("[LK16] that nothing has an id is believed for its short time only", async () => {
  await using stage = await staged(["a"]);
  const { reader } = stage.node("a");
  const id = ulid(77);
  stage.queries = 0;
  for (let n = 0; n < 100; n++) equal((await stage.run(reader.read("room", id))).version, 0);
  equal(stage.queries, 1);
  stage.faults.lost = 1;
  await stage.createRoom(id, "new");
  await stage.clock.advance(stage.limits.absentMs);
  equal((await stage.run(reader.read("room", id))).version, 1);
});

Deno.test("[LK17] with the store away a reader is told, or shown an outdated card where the operator prefers that", async () => {
  let servesStale = false;
  await using stage = await staged(["a"], { reader: { servesStale: () => servesStale } });
  const { reader } = stage.node("a");
  await stage.run(reader.read("room", ROOM));
  stage.failQueries = () => new BarrageError("unavailable", "The database cannot be reached");
  await stage.clock.advance(stage.limits.staleMs + 1);
  equal(await outcome(reader.read("room", ROOM), stage.clock.advance(10)), "unavailable");
  servesStale = true;
  const shown = await stage.run(reader.read("room", ROOM));
  equal(shown.version, 1);
  ok(shown.ageMs > stage.limits.staleMs);
  equal(await outcome(reader.read("room", ROOM, { fresh: true }), stage.clock.advance(10)), "unavailable");
  await stage.clock.advance(stage.limits.outdatedMs);
  equal(await outcome(reader.read("room", ROOM), stage.clock.advance(10)), "unavailable");
});

Deno.test("[LK18] the dearer a card is the earlier it is renewed, and nobody waits", async () => {
  async function renewals(queryMs: number): Promise<number> {
    await using stage = await staged(["a"], { reads: { earlyFactor: 4, freshMs: 2_000, firstMs: 100 } });
    const { reader } = stage.node("a");
    stage.queryMs = () => queryMs;
    await stage.run(reader.read("room", ROOM));
    stage.queries = 0;
    for (let passed = 0; passed < 20_000; passed += 50) {
      await stage.clock.advance(50);
      ok((await reader.read("room", ROOM)).ageMs < 2_000 + queryMs + 100);
    }
    return stage.queries;
  }
  const [cheap, dear] = [await renewals(2), await renewals(200)];
  ok(cheap >= 9 && cheap <= 12, String(cheap));
  ok(dear > cheap * 1.5, `${dear}, and ${cheap} of a cheap one`);
});

Deno.test("[LK18] cards that were read together are renewed apart", async () => {
  const rooms = Array.from({ length: 100 }, (_, n) => ulid(100 + n));
  await using stage = await staged(["a"], { reads: { freshMs: 10_000 } });
  const { reader } = stage.node("a");
  for (const id of rooms) await stage.createRoom(id, "v1");
  await stage.run(Promise.all(rooms.map((id) => reader.read("room", id))));
  await stage.clock.advance(8_900);
  const renewed: number[] = [];
  for (let passed = 0; passed < 1_200; passed += 100) {
    const before = reader.stats.renewed;
    await stage.run(Promise.all(rooms.map((id) => reader.read("room", id))));
    renewed.push(reader.stats.renewed - before);
    await stage.clock.advance(100);
  }
  equal(renewed.reduce((sum, count) => sum + count), rooms.length);
  ok(Math.max(...renewed) <= 25, String(renewed));
});
