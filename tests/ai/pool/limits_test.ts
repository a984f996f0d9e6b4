import { deepEqual, equal } from "node:assert/strict";
import { conditionAfter, READY } from "actors/ai/pool/condition.ts";
import { Learned } from "actors/ai/pool/learning.ts";
import { jain, PoolMeters } from "actors/ai/pool/meter.ts";
import { StartTokens } from "actors/ai/pool/start_tokens.ts";

const RAISE = { raiseAfter: 3, raiseAfterMs: 60_000 };

Deno.test("[I12] a start token is gone until its time, and those of different calls come back one by one", () => {
  const tokens = new StartTokens(2, 0);
  tokens.take();
  tokens.take();
  equal(tokens.free(0), 0);
  equal(tokens.nextAt(0), Infinity);
  tokens.comeBack(1_050);
  tokens.comeBack(1_200);
  deepEqual([1_049, 1_050, 1_199, 1_200].map((now) => tokens.free(now)), [0, 1, 1, 2]);
  tokens.take();
  tokens.putBack();
  equal(tokens.free(1_200), 2);
});

Deno.test("[I12] fewer starts a second count at once, also for those that are out", () => {
  const tokens = new StartTokens(3, 0);
  tokens.take();
  tokens.take();
  tokens.resize(1);
  equal(tokens.free(0), 0);
  tokens.comeBack(10);
  tokens.comeBack(10);
  equal(tokens.free(10), 1);
});

Deno.test("[I31] the learned limit goes down by one for what was lent under the old one, and never below one", () => {
  const learned = new Learned(4, 4, 0);
  equal(learned.refused(10, 20), true);
  equal(learned.refused(11, 21), false, "lent before the limit went down");
  equal(learned.refused(25, 30), true);
  equal(learned.limit, 2);
  equal(learned.refused(40, 50), true);
  equal(learned.refused(60, 70), false);
  equal(learned.limit, 1);
});

Deno.test("[I31] it goes up by one after enough successes at the limit and enough time", () => {
  const learned = new Learned(4, 2, 0);
  for (let n = 0; n < 9; n++) equal(learned.succeeded(true, 59_999, RAISE), false);
  equal(learned.succeeded(false, 60_000, RAISE), false, "a call below the limit proves nothing");
  equal(learned.succeeded(true, 60_000, RAISE), true);
  equal(learned.limit, 3);
  for (let n = 0; n < 2; n++) equal(learned.succeeded(true, 200_000, RAISE), false);
  equal(learned.succeeded(true, 200_000, RAISE), true);
  for (let n = 0; n < 9; n++) equal(learned.succeeded(true, 900_000, RAISE), false, "it is whole again");
});

Deno.test("[I30] who rests already does not rest for less", () => {
  const blow = { why: "rate", inRow: 1 };
  const long = conditionAfter(READY, { blame: { kind: "rate" }, retryAfterMs: 10_000, ...blow }, 0);
  const short = conditionAfter(long, { blame: { kind: "rate" }, retryAfterMs: 500, ...blow }, 100);
  deepEqual(short, { state: "cooling", until: 10_000, why: "rate" });
});

Deno.test("[I32] what is out is looked at after growing times, up to an hour", () => {
  const out = {
    blame: { kind: "out", of: "quota" },
    why: "quota",
    retryAfterMs: undefined,
    inRow: 1,
  } as const;
  let condition = conditionAfter(READY, out, 0);
  const waits: number[] = [];
  for (let n = 0; n < 8; n++) {
    if (condition.state !== "quota") throw new Error(condition.state);
    const { until, why, tries } = condition;
    waits.push(until);
    condition = conditionAfter({ state: "probing", of: "quota", why, tries }, out, 0);
  }
  deepEqual(waits.map((ms) => ms / 60_000), [1, 2, 4, 8, 16, 32, 60, 60]);
});

Deno.test("[I65] fairness is Jain's index, and nothing where there is nobody to compare with", () => {
  equal(jain([3, 3, 3]), 1);
  equal(jain([4, 0, 0, 0]), 0.25);
  equal(jain([5]), undefined);
  equal(jain([0, 0]), undefined);
});

Deno.test("[I65] slots count as used while somebody waits, and not otherwise", () => {
  const meters = new PoolMeters();
  const meter = meters.open("text-echo", 0);
  meter.pass({ waiting: 0, busy: 1, slots: 0 }, 0);
  meter.pass({ waiting: 5, busy: 3, slots: 4 }, 1_000);
  meter.pass({ waiting: 0, busy: 4, slots: 4 }, 3_000);
  meter.pass({ waiting: 0, busy: 0, slots: 0 }, 9_000);
  const { busySlotMs, slotMs } = meters.counts;
  deepEqual({ busySlotMs, slotMs }, { busySlotMs: 6_000, slotMs: 8_000 });
});

Deno.test("[I65] the fairness of a window is that of those who waited all through it", () => {
  const meter = new PoolMeters().open("text-echo", 0);
  const here = new Set(["a", "b", "c"]);
  const look = (now: number) => meter.present((user) => here.has(user), here, now);
  look(10_000);
  for (const user of ["a", "a", "b", "b", "c", "late", "late"]) meter.granted(user, 5);
  here.delete("c");
  look(15_000);
  look(20_000);
  equal(meter.fairness, 1);
});
