import { deepEqual, equal, ok } from "node:assert/strict";
import { encodeTime } from "@std/ulid";
import { type Sweep, Sweeper } from "actors/sweeper.ts";
import { sweepsOf } from "actors/sweeps.ts";
import { ANONYMOUS } from "actors/runtime/caller.ts";
import { openSqlite } from "storage/sqlite.ts";
import { AccountStage, ALICE } from "tests/support/account_stage.ts";
import { seeded, ulid } from "tests/support/room_stage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const EVERY = 5 * MINUTE;

function open(clock: VirtualClock, sweeps: readonly Sweep[], seed = 1): Sweeper {
  return new Sweeper({ sweeps, clock, random: seeded(seed), everyMs: EVERY });
}

Deno.test("[L7] what is over is removed within some minutes, and nothing else", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const { clock, storage } = stage;
  const { sessions, revocations, tokenKeys, oidcFlows, audit } = storage;
  const t0 = clock.now();
  const alice = process.account(await process.signIn(1));
  await alice.sendCode({ purpose: "contact", kind: "email", address: "a@example.org", codeHash: "x" });
  await process.signIn(2);
  await alice.signOut({ which: "others" });
  for (const [kid, ms] of [["old", HOUR], ["new", 200 * DAY]] as const) {
    await tokenKeys.publish(kid, {}, t0 + ms);
  }
  for (const [stateHash, ms] of [["old", 10 * MINUTE], ["new", 200 * DAY]] as const) {
    await oidcFlows.put({
      ...{ stateHash, provider: "p", browserHash: "b", purpose: { kind: "sign_in" }, returnTo: "/" },
      ...{ startedAt: t0, expiresAt: t0 + ms },
    });
  }
  const lines = (await audit.list({ limit: 99 })).length;
  await using _sweeper = open(clock, sweepsOf(storage, { idleMs: HOUR, auditMs: 90 * DAY }));
  const left = async () => ({
    sessions: (await sessions.of(ALICE)).length,
    codes: (await sessions.codes(ALICE)).length,
    revocations: (await revocations.after(0, 0, 99)).length,
    keys: (await tokenKeys.all(0)).length,
    lines: (await audit.list({ limit: 99 })).length,
  });
  const whole = { sessions: 1, codes: 1, revocations: 1, keys: 2, lines };
  // Clocks differ, so that all is kept ten minutes more.
  await stage.jump(19 * MINUTE);
  await clock.advance(EVERY / 10);
  deepEqual(await left(), whole);
  await clock.advance(2 * EVERY);
  deepEqual(await left(), { ...whole, codes: 0 });
  await clock.advance(20 * MINUTE);
  deepEqual(await left(), { ...whole, codes: 0, revocations: 0 });
  await clock.advance(35 * MINUTE);
  deepEqual(await left(), { sessions: 0, codes: 0, revocations: 0, keys: 1, lines });
  await stage.jump(89 * DAY);
  await clock.advance(2 * EVERY);
  equal((await left()).lines, lines);
  await stage.jump(DAY);
  await clock.advance(2 * EVERY);
  deepEqual(await left(), { sessions: 0, codes: 0, revocations: 0, keys: 1, lines: 0 });
  deepEqual(
    await Promise.all(["old", "new"].map(async (hash) => (await oidcFlows.take(hash, 0))?.stateHash)),
    [undefined, "new"],
  );
  equal((await storage.accounts.read(ALICE))?.login, "alice");
  equal(await process.account(ANONYMOUS).profile({}).then(({ id }) => id), ALICE);
});

Deno.test("[L7] a round removes a bounded number in batches; the next goes on", async () => {
  const clock = new VirtualClock();
  const asked: number[] = [];
  let there = 25_300;
  const remove = (_now: number, limit: number) => {
    asked.push(limit);
    const removed = Math.min(limit, there);
    there -= removed;
    return Promise.resolve(removed);
  };
  await using _ = open(clock, [{ what: "rows", remove }]);
  await clock.advance(EVERY);
  // Between two batches others have their turns.
  for (let n = 0; n < 9; n++) await clock.settle();
  deepEqual([asked.length, there], [20, 15_300]);
  for (let n = 0; n < 9; n++) await clock.advance(EVERY / 2);
  equal(there, 0);
  ok(asked.every((limit) => limit === 500));
});

Deno.test("[L7] what cannot be removed is tried again, and keeps nothing else from it", async () => {
  const clock = new VirtualClock();
  const done: string[] = [];
  let broken = true;
  const remove = (what: string) => () => {
    if (broken && what === "first") return Promise.reject(new Error("The database is away"));
    done.push(what);
    return Promise.resolve(0);
  };
  await using _ = open(clock, ["first", "second"].map((what) => ({ what, remove: remove(what) })));
  await clock.advance(EVERY);
  deepEqual(done, ["second"]);
  broken = false;
  await clock.advance(1.2 * EVERY);
  deepEqual(done.slice(0, 3), ["second", "first", "second"]);
});

Deno.test("[L7] nodes sweep at different times, and two at once harm nothing", async () => {
  const clock = new VirtualClock();
  await using storage = await openSqlite({ path: ":memory:", clock: () => clock.now() });
  const old = Array.from({ length: 3_000 }, (_, n) => ({
    id: `${encodeTime(clock.now() - DAY)}${String(n).padStart(16, "0")}`,
    ...{ at: clock.now() - DAY, event: "login.failed", subject: ALICE, actor: "anonymous" } as const,
  }));
  for (let at = 0; at < old.length; at += 500) await storage.audit.append(old.slice(at, at + 500));
  await storage.audit.append([{ ...old[0]!, id: `${encodeTime(clock.now())}${ulid(1).slice(10)}` }]);
  const times = new Map<number, number[]>([[1, []], [2, []]]);
  let removed = 0;
  const sweeper = (seed: number, same = seed) =>
    open(clock, [{
      what: "audit lines",
      async remove(now, limit) {
        times.get(seed)!.push(clock.monotonic());
        const count = await storage.audit.sweep(now - HOUR, limit);
        removed += count;
        return count;
      },
    }], same);
  {
    await using _a = sweeper(1, 1);
    await using _b = sweeper(2, 1);
    await clock.advance(EVERY);
  }
  equal(removed, 3_000);
  equal((await storage.audit.list({ limit: 9 })).length, 1);
  for (const each of times.values()) each.length = 0;
  await using _a = sweeper(1);
  await using _b = sweeper(2);
  await clock.advance(20 * EVERY);
  for (const each of times.values()) {
    const gaps = each.slice(1).map((at, n) => at - each[n]!);
    ok(gaps.length >= 15 && gaps.every((gap) => gap >= 0.8 * EVERY && gap <= 1.2 * EVERY), gaps.join());
    ok(new Set(gaps).size > 10);
  }
});

Deno.test("[L7] at the end the batch under way is waited for, and nothing more is begun", async () => {
  const clock = new VirtualClock();
  const { promise, resolve } = Promise.withResolvers<number>();
  let begun = 0;
  const remove = () => {
    begun++;
    return promise;
  };
  const sweeper = open(clock, [{ what: "first", remove }, { what: "second", remove }]);
  await clock.advance(EVERY);
  equal(begun, 1);
  let ended = false;
  const ending = sweeper[Symbol.asyncDispose]().then(() => {
    ended = true;
  });
  await clock.settle();
  equal(ended, false);
  resolve(500);
  await ending;
  equal(begun, 1);
  equal(clock.pending, 0);
});
