import { deepEqual, equal } from "node:assert/strict";
import { ANONYMOUS } from "actors/runtime/caller.ts";
import { digest } from "routes/refresh_tokens.ts";
import { AccountStage, ALICE, arrival, member, outcome } from "tests/support/account_stage.ts";
import { ulid } from "tests/support/room_stage.ts";

const CORP = { provider: "corp", issuer: "https://id.example", subject: "42" };

function signInBy(
  process: Awaited<ReturnType<AccountStage["start"]>>,
  identity: typeof CORP,
  n: number,
  id = ALICE,
) {
  const { issuer, subject } = identity;
  return process.account(ANONYMOUS, id).signIn({
    proof: { by: "identity", issuer, subject },
    session: ulid(n),
    refreshHash: digest(`token ${n}`),
    arrival: arrival(),
  });
}

Deno.test("[A10] a linked identity signs in and confirms; unlinked it does neither", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const alice = process.account(await process.signIn(1));
  equal(await outcome(signInBy(process, CORP, 2)), "unauthenticated");
  deepEqual((await alice.link({ identity: CORP })).identities, [{
    provider: "corp",
    linkedAt: stage.clock.now(),
  }]);
  deepEqual((await alice.link({ identity: CORP })).identities.length, 1);
  await signInBy(process, CORP, 2);
  // The same subject at another provider is somebody else.
  equal(await outcome(signInBy(process, { ...CORP, issuer: "https://evil.example" }, 3)), "unauthenticated");
  await process.account(member(ulid(2))).confirm({
    session: ulid(2),
    proof: { by: "identity", ...subjectOf(CORP) },
  });
  deepEqual((await alice.unlink({ provider: "corp" })).identities, []);
  deepEqual((await alice.unlink({ provider: "corp" })).identities, []);
  equal(await outcome(signInBy(process, CORP, 3)), "unauthenticated");
  deepEqual(
    (await stage.audited()).map(({ event }) => event).filter((event) => event.startsWith("identity")),
    ["identity.linked", "identity.unlinked"],
  );
});

Deno.test("[A10] an identity has one account, and an account one identity at each provider", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  await process.account(ANONYMOUS, ulid(2)).create({ login: "bob", name: "Bob", identity: CORP });
  const alice = process.account(await process.signIn(1));
  equal(await outcome(alice.link({ identity: CORP })), "conflict");
  await alice.link({ identity: { ...CORP, subject: "43" } });
  equal(await outcome(alice.link({ identity: { ...CORP, subject: "44" } })), "conflict");
  equal(process.node.counters.restarts, 0);
});

Deno.test("[A10] the last way to sign in cannot be unlinked", async () => {
  await using stage = await AccountStage.open();
  const process = await stage.start();
  const account = await process.account(ANONYMOUS).create({ login: "alice", name: "Alice", identity: CORP });
  equal(account.hasPassword, false);
  await signInBy(process, CORP, 1);
  const alice = process.account(member(ulid(1)));
  equal(await outcome(alice.unlink({ provider: "corp" })), "conflict");
  await alice.setPassword({ hash: "$argon2id$first" });
  deepEqual((await alice.unlink({ provider: "corp" })).hasPassword, true);
});

function subjectOf({ issuer, subject }: typeof CORP): { issuer: string; subject: string } {
  return { issuer, subject };
}
