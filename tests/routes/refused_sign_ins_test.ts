import { deepEqual, equal, ok } from "node:assert/strict";
import { Drops } from "actors/runtime/drops.ts";
import { Ids } from "actors/runtime/ids.ts";
import { RefusedSignIns } from "routes/refused_sign_ins.ts";
import { openSqlite } from "storage/sqlite.ts";
import { ProcessStorage } from "tests/support/process_storage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

const MINUTE = 60_000;
const HERE = { address: "203.0.113.7", device: "Firefox on Linux" };

async function open(subjectsMax = 100) {
  const clock = new VirtualClock();
  const database = await openSqlite({ path: ":memory:", clock: () => clock.now() });
  const storage = new ProcessStorage(database);
  const drops = new Drops();
  const ids = new Ids(clock, () => 0.5);
  const refused = new RefusedSignIns({ audit: storage.audit, ids, clock, drops, subjectsMax });
  /** What is written down, the oldest first, without what is always the same. */
  const lines = async () =>
    (await database.audit.list({ limit: 1_000 })).reverse()
      .map((
        { event, subject, detail },
      ) => [event, subject, ...detail === undefined ? [] : [detail["count"]]]);
  return {
    ...{ clock, storage, drops, refused, lines, database },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

Deno.test("[L4] what is refused is written down within a second, in one piece", async () => {
  await using all = await open();
  const { refused, clock, storage } = all;
  for (const name of ["alice", "bob", "carol"]) refused.note("login.failed", name, HERE);
  equal(storage.asked("audit"), 0);
  await clock.advance(1_000);
  equal(storage.asked("audit"), 1);
  deepEqual(await all.lines(), ["alice", "bob", "carol"].map((name) => ["login.failed", name]));
  const [line] = await all.database.audit.list({ limit: 1 });
  deepEqual([line?.actor, line?.address, line?.device], ["anonymous", HERE.address, HERE.device]);
});

Deno.test("[L4] a flood is one line a minute and kind and subject, which counts it", async () => {
  await using all = await open();
  const { refused, clock } = all;
  const flood = async (seconds: number) => {
    for (let n = 0; n < seconds; n++) {
      for (let i = 0; i < 100; i++) {
        refused.note("login.failed", "alice", { ...HERE, address: `192.0.2.${n % 9}` });
      }
      await clock.advance(1_000);
    }
  };
  refused.note("login.throttled", "alice", HERE);
  await flood(61);
  await clock.advance(3 * MINUTE);
  refused.note("login.failed", "alice", HERE);
  await clock.advance(1_000);
  const lines = await all.lines();
  deepEqual(lines.slice(0, 2), [["login.throttled", "alice"], ["login.failed", "alice"]]);
  deepEqual(lines.at(-1), ["login.failed", "alice"]);
  const counted = lines.slice(2, -1).map(([, , count]) => Number(count));
  ok(counted.length <= 2, counted.join());
  equal(counted.reduce((sum, count) => sum + count), 6_099);
  equal(clock.pending, 1);
  await clock.advance(2 * MINUTE);
  // Nobody is refused any more: nothing is left to do.
  equal(clock.pending, 0);
});

Deno.test("[L5] more subjects than AUDIT_SUBJECTS_MAX share one line", async () => {
  await using all = await open(2);
  const { refused, clock } = all;
  for (let n = 0; n < 1_000; n++) refused.note("login.failed", `name-${n}`, HERE);
  await clock.advance(2 * MINUTE);
  deepEqual(await all.lines(), [
    ["login.failed", "name-0"],
    ["login.failed", "name-1"],
    ["login.failed", "many"],
    ["login.failed", "many", 997],
  ]);
  equal(clock.pending, 0);
  refused.note("login.failed", "name-2", HERE);
  await clock.advance(1_000);
  deepEqual((await all.lines()).at(-1), ["login.failed", "name-2"]);
});

Deno.test("[L4] what cannot be written is tried again, what is too much counted", async () => {
  await using all = await open(2);
  const { refused, clock, storage, drops } = all;
  const { append } = storage.audit;
  let away = true;
  storage.audit.append = (lines) => away ? Promise.reject(new Error("away")) : append(lines);
  for (let minute = 0; minute < 300; minute++) {
    for (const name of ["alice", "bob"]) refused.note("login.failed", name, HERE);
    await clock.advance(2 * MINUTE);
  }
  equal(drops.of("audit", "overflow"), 600 - 504);
  away = false;
  await clock.advance(1_000);
  equal((await all.lines()).length, 504);
});

Deno.test("[L4] at the end all that was counted is written down", async () => {
  await using all = await open();
  for (let n = 0; n < 5; n++) all.refused.note("code.refused", "alice", HERE);
  await all.refused[Symbol.asyncDispose]();
  deepEqual(await all.lines(), [["code.refused", "alice"], ["code.refused", "alice", 4]]);
  equal(all.clock.pending, 0);
});
