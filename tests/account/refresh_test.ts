import { deepEqual, equal, rejects } from "node:assert/strict";
import { digest } from "routes/refresh_tokens.ts";
import { AccountStage, ALICE, arrival, member, outcome } from "tests/support/account_stage.ts";
import { ulid } from "tests/support/room_stage.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

async function signedIn(limits: Parameters<typeof AccountStage.open>[0] = {}, from = arrival()) {
  const { stage, process } = await AccountStage.withAlice(limits);
  const alice = await process.signIn(7, from);
  return { stage, process, alice };
}

Deno.test("[S41] refreshing takes the token for its successor, and the session goes on", async () => {
  const { stage, process } = await signedIn();
  await using _ = stage;
  await stage.clock.advance(25 * MINUTE);
  const opened = await process.refresh(7, "token 7", "second");
  deepEqual(opened, {
    user: { id: ALICE, name: "Alice" },
    role: "user",
    session: ulid(7),
    endsAt: stage.clock.now() - 25 * MINUTE + 72 * HOUR,
    salt: digest("salt of second"),
  });
  await stage.clock.advance(25 * MINUTE);
  const { salt } = await process.refresh(7, "second", "third");
  equal(salt, digest("salt of third"));
});

Deno.test("[S42] the token before gets the same successor for a minute, however often and whatever else is offered", async () => {
  const { stage, process } = await signedIn();
  await using _ = stage;
  await process.refresh(7, "token 7", "second");
  const until = stage.clock.now() + MINUTE;
  while (stage.clock.now() < until) {
    const { salt } = await process.refresh(7, "token 7", `other ${stage.clock.now()}`);
    equal(salt, digest("salt of second"));
    await stage.clock.advance(15 * SECOND);
  }
  // The successor was never replaced.
  await process.refresh(7, "second", "third");
  const [stored] = await stage.storage.sessions.of(ALICE);
  equal(stored?.refreshHash, digest("third"));
});

Deno.test("[S42] of two tabs that refresh at the same moment both get the same successor", async () => {
  const { stage, process } = await signedIn();
  await using _ = stage;
  const answers = await Promise.all([
    process.refresh(7, "token 7", "from one tab"),
    process.refresh(7, "token 7", "from the other"),
  ]);
  deepEqual(answers.map(({ salt }) => salt), [
    digest("salt of from one tab"),
    digest("salt of from one tab"),
  ]);
});

Deno.test("[S42] the successor outlives the process that lost its answer", async () => {
  const { stage, process } = await signedIn();
  await using _ = stage;
  process.storage.faultNext({ kind: "lose_answer", error: new Error("the process dies") });
  process.refresh(7, "token 7", "second").catch(() => {});
  await stage.clock.settle();
  const next = await stage.restart(process);
  equal((await next.refresh(7, "token 7", "another")).salt, digest("salt of second"));
});

Deno.test("[S43] a session is refreshed once a minute at most; a first time it may be at once", async () => {
  const { stage, process } = await signedIn();
  await using _ = stage;
  await process.refresh(7, "token 7", "second");
  await stage.clock.advance(59 * SECOND);
  await rejects(process.refresh(7, "second", "third"), {
    reason: "rate_limited",
    details: { retryAfterMs: SECOND },
  });
  await stage.clock.advance(SECOND);
  await process.refresh(7, "second", "third");
});

Deno.test("[S43] the minute, and the grace of the token before, begin with each refresh", async () => {
  const { stage, process } = await signedIn();
  await using _ = stage;
  await stage.clock.advance(10 * MINUTE);
  await process.refresh(7, "token 7", "second");
  await stage.clock.advance(30 * SECOND);
  equal(await outcome(process.refresh(7, "second", "third")), "rate_limited");
  equal((await process.refresh(7, "token 7", "other")).salt, digest("salt of second"));
});

Deno.test("[S43] a clock that is set back locks nobody out", async () => {
  const { stage, process } = await signedIn();
  await using _ = stage;
  await process.refresh(7, "token 7", "second");
  stage.clock.skew = -2 * HOUR;
  await process.refresh(7, "second", "third");
});

for (
  const [what, token] of [["two refreshes ago", "token 7"], ["nobody ever had", "made up"]] as const
) {
  Deno.test(`[S44] a token of ${what} ends its session, which is audited and told`, async () => {
    const { stage, process, alice } = await signedIn();
    await using _ = stage;
    const other = await process.signIn(8);
    await process.refresh(7, "token 7", "second");
    await stage.clock.advance(MINUTE);
    await process.refresh(7, "second", "third");
    const at = stage.clock.now();
    equal(await outcome(process.refresh(7, token, "thief")), "unauthenticated");
    equal(await outcome(process.refresh(7, "third", "fourth")), "unauthenticated");
    equal(await outcome(process.account(alice).read({})), "unauthenticated");
    deepEqual(await process.sessions(other), [ulid(8)]);
    deepEqual(await stage.revoked(), [ulid(7)]);
    deepEqual(await stage.told(/\.account\..*\.ended$/), [
      { sessions: [{ id: ulid(7), until: at + 30 * MINUTE }] },
    ]);
    deepEqual(await stage.told(/\.user\.0+1\.notice$/), [
      { method: "account.alert", params: { reason: "token_reused", at } },
    ]);
    const detail = { session: ulid(7), reason: "token_reused" };
    deepEqual((await stage.audited()).slice(-2), [
      {
        event: "session.token_reused",
        actor: "system",
        address: "203.0.113.7",
        device: "Firefox on laptop",
        detail,
      },
      { event: "session.ended", actor: "system", detail },
    ]);
  });
}

Deno.test("[S44] the token before is as old as any other once its minute is over", async () => {
  const { stage, process } = await signedIn();
  await using _ = stage;
  await process.refresh(7, "token 7", "second");
  await stage.clock.advance(MINUTE);
  equal(await outcome(process.refresh(7, "token 7", "late")), "unauthenticated");
  deepEqual(await stage.revoked(), [ulid(7)]);
});

Deno.test("[S45] a token shown by another device is refused and audited, and ends nothing", async () => {
  const { stage, process } = await signedIn();
  await using _ = stage;
  await process.refresh(7, "token 7", "second");
  for (const token of ["token 7", "second", "made up"]) {
    equal(await outcome(process.refresh(7, token, "thief", arrival("elsewhere"))), "unauthenticated");
  }
  deepEqual(await stage.told(/ended|notice/), []);
  await stage.clock.advance(MINUTE);
  await process.refresh(7, "second", "third");
  const lines = await stage.audited();
  deepEqual(
    lines.filter(({ event }) => event === "session.refused").map(({ device, detail }) => [device, detail]),
    [
      ["Firefox on elsewhere", { session: ulid(7), reason: "wrong_device" }],
    ],
  );
});

Deno.test("[L4] a token shown by another device again and again is one line a minute, which counts", async () => {
  const { stage, process } = await signedIn();
  await using _ = stage;
  await process.signIn(8);
  const since = (await stage.audited()).length;
  for (let second = 0; second <= 60; second++) {
    await outcome(process.refresh(7, "token 7", "thief", arrival("elsewhere")));
    await stage.clock.advance(SECOND);
  }
  await outcome(process.refresh(8, "token 8", "thief", arrival("elsewhere")));
  deepEqual((await stage.audited()).slice(since).map(({ event, detail }) => [event, detail]), [
    ["session.refused", { session: ulid(7), reason: "wrong_device" }],
    ["session.refused", { session: ulid(7), reason: "wrong_device", count: 59 }],
    ["session.refused", { session: ulid(8), reason: "wrong_device" }],
  ]);
});

Deno.test("[S46] a session refreshed from another region ends, if the server looks at regions", async () => {
  const { stage, process } = await signedIn({ regionCheck: true }, arrival("laptop", "DE"));
  await using _ = stage;
  await process.refresh(7, "token 7", "second", arrival("laptop", "DE"));
  await stage.clock.advance(MINUTE);
  // Where nobody can tell the region, nothing is concluded from it.
  await process.refresh(7, "second", "third", arrival("laptop"));
  await stage.clock.advance(MINUTE);
  equal(await outcome(process.refresh(7, "third", "fourth", arrival("laptop", "BR"))), "unauthenticated");
  equal(await outcome(process.refresh(7, "third", "fourth", arrival("laptop", "DE"))), "unauthenticated");
  deepEqual(await stage.revoked(), [ulid(7)]);
  const detail = { session: ulid(7), reason: "region_changed" };
  deepEqual((await stage.audited()).slice(-2).map(({ event, detail }) => ({ event, detail })), [
    { event: "session.refused", detail },
    { event: "session.ended", detail },
  ]);
  deepEqual(await stage.told(/notice/), []);
});

Deno.test("[S46] otherwise people travel, and the list of sessions shows where they are", async () => {
  const { stage, process, alice } = await signedIn({}, arrival("laptop", "DE"));
  await using _ = stage;
  await process.refresh(7, "token 7", "second", { ...arrival("laptop", "BR"), address: "198.51.100.9" });
  const { sessions } = await process.account(alice).sessions({});
  equal(sessions[0]?.place, "198.51.100.9, BR");
});

Deno.test("[S41] nobody refreshes what is not there: another session, another account, a removed one", async () => {
  const { stage, process, alice } = await signedIn();
  await using _ = stage;
  equal(await outcome(process.refresh(99, "token 7", "next")), "unauthenticated");
  await process.create(ulid(2), "bob", "Bob");
  const elsewhere = process.account({ kind: "anonymous" }, ulid(2)).refresh({
    session: ulid(7),
    presentedHash: digest("token 7"),
    salt: digest("salt"),
    nextHash: digest("next"),
    arrival: arrival(),
  });
  equal(await outcome(elsewhere), "unauthenticated");
  await process.account(alice).remove({});
  equal(await outcome(process.refresh(7, "token 7", "next")), "unauthenticated");
  equal(await outcome(process.account(member(ulid(7))).read({})), "unauthenticated");
});
