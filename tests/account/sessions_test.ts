import { deepEqual, equal } from "node:assert/strict";
import { ANONYMOUS } from "actors/runtime/caller.ts";
import { digest } from "routes/refresh_tokens.ts";
import { AccountStage, ALICE, arrival, member, outcome, PASSWORD } from "tests/support/account_stage.ts";
import { ulid } from "tests/support/room_stage.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

Deno.test("[S40] a session ends when nobody refreshes it for an hour", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const alice = await process.signIn(1);
  await stage.jump(HOUR - 1);
  await process.refresh(1, "token 1", "second");
  await stage.jump(HOUR - 1);
  deepEqual(await process.sessions(alice), [ulid(1)]);
  await stage.jump(1);
  equal(await outcome(process.account(alice).read({})), "unauthenticated");
  equal(await outcome(process.refresh(1, "second", "third")), "unauthenticated");
});

Deno.test("[S40] a session ends three days after signing in, however often it is refreshed", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const alice = await process.signIn(1);
  const end = stage.clock.now() + 72 * HOUR;
  let n = 1;
  let token = "token 1";
  while (stage.clock.now() + 50 * MINUTE < end) {
    await stage.jump(50 * MINUTE);
    const { endsAt } = await process.refresh(1, token, token = `token ${++n} of 1`);
    equal(endsAt, end);
  }
  await stage.jump(end - stage.clock.now() - 1);
  deepEqual(await process.sessions(alice), [ulid(1)]);
  await stage.jump(1);
  equal(await outcome(process.refresh(1, token, "one more")), "unauthenticated");
});

Deno.test("[S40] where the two others are longer, a refresh token is good for seven days", async () => {
  const days = 24 * HOUR;
  const { stage, process } = await AccountStage.withAlice({ idleMs: 30 * days, sessionMaxMs: 90 * days });
  await using _ = stage;
  await process.signIn(1);
  await stage.jump(7 * days - 1);
  await process.refresh(1, "token 1", "second");
  await stage.jump(7 * days);
  equal(await outcome(process.refresh(1, "second", "third")), "unauthenticated");
});

Deno.test("[S40] the bounds hold over the end of a process", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const alice = await process.signIn(1);
  await stage.jump(59 * MINUTE);
  const next = await stage.restart(process);
  deepEqual(await next.sessions(alice), [ulid(1)]);
  await stage.jump(MINUTE);
  const last = await stage.restart(next);
  equal(await outcome(last.account(alice).read({})), "unauthenticated");
});

Deno.test("[S47] an account has 20 sessions; one more ends the oldest, and is counted", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  for (let n = 1; n <= 20; n++) {
    await stage.clock.advance(1_000);
    await process.signIn(n);
  }
  deepEqual(await stage.revoked(), []);
  const newest = await process.signIn(21);
  deepEqual(await process.sessions(newest), Array.from({ length: 20 }, (_, i) => ulid(21 - i)));
  deepEqual(await stage.revoked(), [ulid(1)]);
  equal(process.node.drops.of("account", "session_displaced"), 1);
  deepEqual((await stage.audited()).at(-1), {
    event: "session.ended",
    actor: ALICE,
    detail: { session: ulid(1), reason: "displaced" },
  });
});

Deno.test("[S48] signing out ends one session, all others, or all; each is told once and revoked with it", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const [, , , own] = [1, 2, 3, 4].map((n) => member(ulid(n)));
  for (const n of [1, 2, 3, 4]) await process.signIn(n);
  const account = process.account(own!);
  deepEqual(await account.signOut({ which: "one", session: ulid(2) }), { ended: 1 });
  deepEqual(await account.signOut({ which: "one", session: ulid(2) }), { ended: 0 });
  deepEqual(await account.signOut({ which: "one", session: ulid(99) }), { ended: 0 });
  deepEqual(await process.sessions(own!), [ulid(4), ulid(3), ulid(1)]);
  deepEqual(await account.signOut({ which: "others" }), { ended: 2 });
  deepEqual(await process.sessions(own!), [ulid(4)]);
  deepEqual(await account.signOut({ which: "all" }), { ended: 1 });
  equal(await outcome(account.signOut({ which: "all" })), "unauthenticated");
  const until = stage.clock.now() + 30 * MINUTE;
  deepEqual(
    await stage.told(/\.account\..*\.ended$/),
    [[2], [1, 3], [4]].map((ids) => ({ sessions: ids.map((n) => ({ id: ulid(n), until })) })),
  );
  deepEqual((await stage.revoked()).sort(), [1, 2, 3, 4].map(ulid));
});

Deno.test("[S48] whoever shows a session's tokens ends it, also with the token before; another device does not", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  await process.signIn(1);
  await process.refresh(1, "token 1", "second");
  await process.signIn(2);
  const show = (n: number, token: string, device = "laptop") =>
    process.account(ANONYMOUS).signOut({
      which: "presented",
      session: ulid(n),
      refreshHash: digest(token),
      deviceHash: digest(device),
    });
  deepEqual(await show(1, "second", "elsewhere"), { ended: 0 });
  deepEqual(await show(1, "made up"), { ended: 0 });
  deepEqual(await show(2, "second"), { ended: 0 });
  deepEqual(await show(1, "token 1"), { ended: 1 });
  deepEqual(await show(2, "token 2"), { ended: 1 });
  deepEqual(await show(2, "token 2"), { ended: 0 });
  for (const which of [{ which: "all" }, { which: "others" }, { which: "one", session: ulid(1) }] as const) {
    equal(await outcome(process.account(ANONYMOUS).signOut(which)), "unauthenticated");
  }
  deepEqual((await stage.revoked()).sort(), [ulid(1), ulid(2)]);
});

Deno.test("[S48] an operator and a program end sessions of others, but have none of their own here", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  await process.signIn(1);
  await process.signIn(2);
  const operator = process.account({ kind: "operator", name: "bus" });
  equal(await outcome(operator.signOut({ which: "others" })), "forbidden");
  deepEqual(await operator.signOut({ which: "one", session: ulid(1) }), { ended: 1 });
  const program = {
    kind: "service",
    user: { id: ulid(50), name: "Helpdesk" },
    scopes: ["accounts"],
  } as const;
  deepEqual(await process.account({ ...program, scopes: ["accounts"] }).signOut({ which: "all" }), {
    ended: 1,
  });
  const actors = (await stage.audited()).filter(({ event }) => event === "session.ended");
  deepEqual(actors.map(({ actor }) => actor), ["operator", ulid(50)]);
});

Deno.test("[S49] what has ended stays ended when the process dies right after", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const [one, two] = [await process.signIn(1), await process.signIn(2)];
  await process.account(one).signOut({ which: "one", session: ulid(2) });
  const next = await stage.restart(process);
  equal(await outcome(next.account(two).read({})), "unauthenticated");
  deepEqual(await next.sessions(one), [ulid(1)]);
});

Deno.test("[S49] nothing has ended, and nobody is told, when the database does not take it", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const [one, two] = [await process.signIn(1), await process.signIn(2)];
  process.storage.faultNext({ kind: "refuse", error: new Error("disk full") });
  equal(await outcome(process.account(one).signOut({ which: "one", session: ulid(2) })), "internal");
  deepEqual(await stage.told(/ended/), []);
  await stage.run(process.account(two).read({}));
});

Deno.test("[S50] the list shows where and with what each session goes on, the newest first, and which is one's own", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const begun = stage.clock.now();
  await process.signIn(1, arrival("phone", "DE"));
  await stage.clock.advance(MINUTE);
  const own = await process.signIn(2);
  await process.refresh(1, "token 1", "second", arrival("phone", "DE"));
  const { sessions } = await process.account(own).sessions({});
  deepEqual(sessions, [
    {
      id: ulid(2),
      device: "Firefox on laptop",
      place: "203.0.113.7",
      createdAt: begun + MINUTE,
      usedAt: begun + MINUTE,
      endsAt: begun + MINUTE + 72 * HOUR,
      current: true,
    },
    {
      id: ulid(1),
      device: "Firefox on phone",
      place: "203.0.113.7, DE",
      createdAt: begun,
      usedAt: begun + MINUTE,
      endsAt: begun + 72 * HOUR,
      current: false,
    },
  ]);
  const seen = await process.account({ kind: "operator", name: "bus" }).sessions({});
  deepEqual(seen.sessions.map(({ current }) => current), [false, false]);
});

Deno.test("[S47] signing in with a proof that is not good any more is refused", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const signIn = (
    proof: { by: "password"; hash: string } | { by: "identity"; issuer: string; subject: string },
  ) =>
    process.account(ANONYMOUS).signIn({
      proof,
      session: ulid(5),
      refreshHash: digest("r"),
      arrival: arrival(),
    });
  equal(await outcome(signIn({ by: "password", hash: `${PASSWORD}x` })), "unauthenticated");
  equal(await outcome(signIn({ by: "identity", issuer: "https://id", subject: "1" })), "unauthenticated");
  deepEqual(await stage.storage.sessions.of(ALICE), []);
});
