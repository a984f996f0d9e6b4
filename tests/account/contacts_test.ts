import { deepEqual, equal, rejects } from "node:assert/strict";
import { ANONYMOUS } from "actors/runtime/caller.ts";
import { digest } from "routes/refresh_tokens.ts";
import { AccountStage, ALICE, arrival, member, outcome, PASSWORD } from "tests/support/account_stage.ts";
import { ulid } from "tests/support/room_stage.ts";

const MINUTE = 60_000;
const NEW = "$argon2id$v=19$m=19456,t=2,p=1$bmV3$bmV3";
const FROM = { address: "203.0.113.7", device: "Firefox on laptop" };
const EMAIL = { kind: "email", address: "alice@example.org" } as const;

async function signedIn() {
  const { stage, process } = await AccountStage.withAlice();
  const alice = process.account(await process.signIn(1));
  const nobody = process.account(ANONYMOUS);
  return { stage, process, alice, nobody };
}

type Stage = Awaited<ReturnType<typeof signedIn>>;

function send(
  { alice, nobody }: Stage,
  purpose: "contact" | "reset",
  code: string,
  address: string = EMAIL.address,
) {
  const account = purpose === "contact" ? alice : nobody;
  return account.sendCode({ purpose, kind: "email", address, codeHash: digest(code) });
}

async function withContact(): Promise<Stage> {
  const all = await signedIn();
  await send(all, "contact", "111111");
  await all.alice.addContact({ codeHash: digest("111111") });
  return all;
}

Deno.test("[A11] an address is the account's once the code that was sent there is given", async () => {
  const all = await signedIn();
  await using stage = all.stage;
  await send(all, "contact", "111111");
  deepEqual((await all.alice.read({})).contacts, []);
  const { contacts } = await all.alice.addContact({ codeHash: digest("111111") });
  deepEqual(contacts, [EMAIL]);
  equal((await stage.storage.accounts.credentials(EMAIL.address))?.id, ALICE);
  deepEqual((await stage.audited()).at(-1)?.event, "contact.added");
  equal(await outcome(all.alice.addContact({ codeHash: digest("111111") })), "gone");
});

Deno.test("[A11] a code is good for ten minutes", async () => {
  const all = await signedIn();
  await using stage = all.stage;
  await send(all, "contact", "111111");
  await stage.jump(10 * MINUTE);
  await all.alice.confirm({ session: ulid(1), proof: { by: "password", hash: PASSWORD } });
  equal(await outcome(all.alice.addContact({ codeHash: digest("111111") })), "gone");
});

Deno.test("[A11] five wrong tries end a code, also over the end of a process", async () => {
  const all = await signedIn();
  await using stage = all.stage;
  await send(all, "contact", "111111");
  for (let n = 0; n < 4; n++) {
    equal(await outcome(all.alice.addContact({ codeHash: digest(`wrong ${n}`) })), "forbidden");
  }
  const alice = (await stage.restart(all.process)).account(member(ulid(1)));
  equal(await outcome(alice.addContact({ codeHash: digest("wrong") })), "forbidden");
  equal(await outcome(alice.addContact({ codeHash: digest("111111") })), "gone");
});

Deno.test("[A11] a code is sent once a minute at most; a new one takes the place of the one before", async () => {
  const all = await signedIn();
  await using stage = all.stage;
  await send(all, "contact", "111111");
  await send(all, "contact", "111111");
  await stage.clock.advance(MINUTE - 1_000);
  await rejects(send(all, "contact", "222222"), {
    reason: "rate_limited",
    details: { retryAfterMs: 1_000 },
  });
  await stage.clock.advance(1_000);
  await send(all, "contact", "222222");
  equal(await outcome(all.alice.addContact({ codeHash: digest("111111") })), "forbidden");
  await all.alice.addContact({ codeHash: digest("222222") });
});

Deno.test("[A11] an address belongs to one account at a time", async () => {
  const all = await withContact();
  await using stage = all.stage;
  await all.process.create(ulid(2), "bob", "Bob");
  await all.process.account(ANONYMOUS, ulid(2)).signIn({
    proof: { by: "password", hash: PASSWORD },
    session: ulid(22),
    refreshHash: digest("bob"),
    arrival: arrival(),
  });
  const bob = all.process.account(member(ulid(22), ulid(2)), ulid(2));
  await bob.sendCode({ purpose: "contact", ...EMAIL, codeHash: digest("333333") });
  equal(await outcome(bob.addContact({ codeHash: digest("333333") })), "conflict");
  equal(all.process.node.counters.restarts, 0);
  deepEqual((await all.alice.removeContact(EMAIL)).contacts, []);
  deepEqual((await all.alice.removeContact(EMAIL)).contacts, []);
  deepEqual((await bob.addContact({ codeHash: digest("333333") })).contacts, [EMAIL]);
  equal((await stage.storage.accounts.credentials(EMAIL.address))?.id, ulid(2));
});

Deno.test("[A12] a code sent to a contact sets a new password, and every session ends", async () => {
  const all = await withContact();
  await using stage = all.stage;
  await all.process.signIn(2);
  await send(all, "reset", "444444");
  equal(
    await outcome(all.nobody.resetPassword({ hash: NEW, codeHash: digest("wrong"), from: FROM })),
    "forbidden",
  );
  await all.nobody.resetPassword({ hash: NEW, codeHash: digest("444444"), from: FROM });
  equal(await outcome(all.alice.read({})), "unauthenticated");
  deepEqual((await stage.revoked()).sort(), [ulid(1), ulid(2)]);
  equal(await outcome(all.process.signIn(3)), "unauthenticated");
  equal((await stage.storage.accounts.credentials("alice"))?.password, NEW);
  equal(
    await outcome(all.nobody.resetPassword({ hash: PASSWORD, codeHash: digest("444444"), from: FROM })),
    "gone",
  );
  deepEqual((await stage.audited()).slice(-3).map(({ event, detail }) => [event, detail?.["reason"]]), [
    ["password.reset", undefined],
    ["session.ended", "password_reset"],
    ["session.ended", "password_reset"],
  ]);
});

Deno.test("[A12] a reset goes to a contact of the account and nowhere else", async () => {
  const all = await withContact();
  await using _ = all.stage;
  equal(await outcome(send(all, "reset", "444444", "mallory@example.org")), "not_found");
  // Neither is a code for one thing good for the other.
  await all.stage.clock.advance(MINUTE);
  await send(all, "contact", "555555", "other@example.org");
  equal(
    await outcome(all.nobody.resetPassword({ hash: NEW, codeHash: digest("555555"), from: FROM })),
    "gone",
  );
  const wrongDoor = [
    all.nobody.sendCode({ purpose: "contact", ...EMAIL, codeHash: digest("1") }),
    all.alice.sendCode({ purpose: "reset", ...EMAIL, codeHash: digest("1") }),
  ];
  for (const call of wrongDoor) equal(await outcome(call), "forbidden");
});

Deno.test("[A12] a reset under way ends with the contact it was sent to, and with a new password", async () => {
  const all = await withContact();
  await using stage = all.stage;
  await send(all, "reset", "444444");
  await all.alice.setPassword({ hash: NEW });
  equal(
    await outcome(all.nobody.resetPassword({ hash: PASSWORD, codeHash: digest("444444"), from: FROM })),
    "gone",
  );
  await send(all, "reset", "666666");
  await all.alice.removeContact(EMAIL);
  equal(
    await outcome(all.nobody.resetPassword({ hash: PASSWORD, codeHash: digest("666666"), from: FROM })),
    "gone",
  );
  equal((await stage.storage.accounts.credentials("alice"))?.password, NEW);
});
