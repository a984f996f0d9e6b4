import { deepEqual, equal } from "node:assert/strict";
import { ANONYMOUS } from "actors/runtime/caller.ts";
import { AccountStage, ALICE, outcome, PASSWORD } from "tests/support/account_stage.ts";
import { ulid } from "tests/support/room_stage.ts";

const MINUTE = 60_000;
const NEW = "$argon2id$v=19$m=19456,t=2,p=1$bmV3$bmV3";
const BUS = { kind: "operator", name: "bus" } as const;

Deno.test("[A8] what is sensitive needs a proof that is at most ten minutes old; signing in is one", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const alice = await process.signIn(1);
  const account = process.account(alice);
  await stage.jump(10 * MINUTE - 1);
  deepEqual(await account.setPassword({ hash: NEW }), { ended: 0 });
  await stage.jump(1);
  const sensitive = [
    () => account.setPassword({ hash: PASSWORD }),
    () => account.addContact({ codeHash: "x".repeat(43) }),
    () => account.removeContact({ kind: "email", address: "a@example.org" }),
    () => account.link({ identity: { provider: "corp", issuer: "https://id", subject: "1" } }),
    () => account.unlink({ provider: "corp" }),
    () => account.remove({}),
    () => account.assertConfirmed({}),
  ];
  for (const call of sensitive) equal(await outcome(call()), "confirmation_required");
  await account.update({ bio: "not sensitive" });
  await account.confirm({ session: ulid(1), proof: { by: "password", hash: NEW } });
  deepEqual(await account.setPassword({ hash: PASSWORD }), { ended: 0 });
  await stage.jump(10 * MINUTE);
  equal(await outcome(account.remove({})), "confirmation_required");
});

Deno.test("[A8] a proof counts for the session that gave it, also over the end of a process", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const [one, two] = [await process.signIn(1), await process.signIn(2)];
  await stage.jump(10 * MINUTE);
  const proof = { by: "password", hash: PASSWORD } as const;
  equal(await outcome(process.account(one).confirm({ session: ulid(2), proof })), "forbidden");
  await process.account(one).confirm({ session: ulid(1), proof });
  const next = await stage.restart(process);
  equal(await outcome(next.account(two).setPassword({ hash: NEW })), "confirmation_required");
  deepEqual(await next.account(one).setPassword({ hash: NEW }), { ended: 1 });
});

Deno.test("[A8] a wrong proof opens nothing", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const alice = process.account(await process.signIn(1));
  await stage.jump(10 * MINUTE);
  const wrong = [
    { by: "password", hash: NEW },
    { by: "identity", issuer: "https://id", subject: "1" },
  ] as const;
  for (const proof of wrong) {
    equal(await outcome(alice.confirm({ session: ulid(1), proof })), "confirmation_required");
  }
  equal(await outcome(alice.setPassword({ hash: NEW })), "confirmation_required");
});

Deno.test("[A7] a new password ends every other session, and the old one signs nobody in", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const [own] = [await process.signIn(1), await process.signIn(2), await process.signIn(3)];
  deepEqual(await process.account(own).setPassword({ hash: NEW }), { ended: 2 });
  deepEqual(await process.account(own).setPassword({ hash: NEW }), { ended: 0 });
  deepEqual(await process.sessions(own), [ulid(1)]);
  deepEqual((await stage.revoked()).sort(), [ulid(2), ulid(3)]);
  equal(await outcome(process.signIn(4)), "unauthenticated");
  deepEqual((await stage.audited()).slice(-3), [
    { event: "password.changed", actor: ALICE, address: "203.0.113.7", device: "Firefox on laptop" },
    ...[2, 3].map((n) => ({
      event: "session.ended" as const,
      actor: ALICE,
      address: "203.0.113.7",
      device: "Firefox on laptop",
      detail: { session: ulid(n), reason: "password_changed" },
    })),
  ]);
});

Deno.test("[A9] a removed account keeps its login and nothing else, and every session ends", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const [own, other] = [await process.signIn(1), await process.signIn(2)];
  await process.account(own).update({ bio: "about me", avatarUrl: "https://example.org/a.png" });
  await process.account(own).remove({});
  for (const caller of [own, other]) {
    equal(await outcome(process.account(caller).read({})), "unauthenticated");
  }
  equal(await outcome(process.account(ANONYMOUS).profile({})), "gone");
  equal(await outcome(process.account(BUS).remove({})), "gone");
  equal(await outcome(process.signIn(3)), "unauthenticated");
  deepEqual((await stage.revoked()).sort(), [ulid(1), ulid(2)]);
  const stored = await stage.storage.accounts.read(ALICE);
  deepEqual([stored?.login, stored?.name, stored?.bio, stored?.password, stored?.avatarUrl, stored?.state], [
    "alice",
    "",
    "",
    undefined,
    undefined,
    "removed",
  ]);
  const next = await stage.restart(process);
  equal(await outcome(next.account(ANONYMOUS).profile({})), "gone");
  equal(await outcome(next.signIn(4)), "unauthenticated");
});

Deno.test("[A9] operators and programs remove accounts without a proof", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  await process.signIn(1);
  await process.account(BUS).remove({});
  deepEqual(await stage.revoked(), [ulid(1)]);
  deepEqual((await stage.audited()).slice(-2).map(({ event, actor }) => [event, actor]), [
    ["account.removed", "operator"],
    ["session.ended", "operator"],
  ]);
});

Deno.test("[A13] another role ends every session: their tokens tell the former one", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const alice = await process.signIn(1);
  const { role } = await process.account(BUS).setRole({ role: "operator" });
  equal(role, "operator");
  equal(await outcome(process.account(alice).read({})), "unauthenticated");
  deepEqual(await stage.revoked(), [ulid(1)]);
  const again = await process.signIn(2);
  await process.account(BUS).setRole({ role: "operator" });
  deepEqual(await process.sessions(again), [ulid(2)]);
  deepEqual((await stage.audited()).find(({ event }) => event === "account.role_changed"), {
    event: "account.role_changed",
    actor: "operator",
    detail: { role: "operator" },
  });
});
