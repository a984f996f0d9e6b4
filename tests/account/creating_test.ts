import { deepEqual, equal } from "node:assert/strict";
import { ANONYMOUS, type Caller } from "actors/runtime/caller.ts";
import { AccountStage, ALICE, arrival, outcome, PASSWORD } from "tests/support/account_stage.ts";
import { digest } from "routes/refresh_tokens.ts";
import { ulid } from "tests/support/room_stage.ts";

const GUEST: Caller = {
  kind: "user",
  user: { id: ALICE, name: "Guest 0001" },
  standing: "guest",
  session: ulid(70),
};
const IDENTITY = { provider: "corp", issuer: "https://id.example", subject: "42" };

Deno.test("[A1] an account begins empty, open to all, and as a user", async () => {
  await using stage = await AccountStage.open();
  const process = await stage.start();
  const account = await process.create();
  deepEqual(account, {
    id: ALICE,
    login: "alice",
    name: "Alice",
    createdAt: stage.clock.now(),
    role: "user",
    privacy: { bio: "everyone", presence: "everyone" },
    hasPassword: true,
    contacts: [],
    identities: [],
  });
  deepEqual(await stage.audited(), [{ event: "account.created", actor: ALICE }]);
});

Deno.test("[A1] a login and an identity belong to one account for ever", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  equal(await outcome(process.create(ulid(2), "alice", "Another")), "conflict");
  const corp = { login: "carol", name: "Carol", identity: IDENTITY };
  await process.account(ANONYMOUS, ulid(3)).create(corp);
  const thief = { login: "dave", name: "Dave", identity: IDENTITY };
  equal(await outcome(process.account(ANONYMOUS, ulid(4)).create(thief)), "conflict");
  // Neither left anything behind.
  await process.create(ulid(4), "dave", "Dave");
  const alice = await process.signIn(1);
  await process.account(alice).remove({});
  equal(await outcome(process.create(ulid(2), "alice", "Another")), "conflict");
});

Deno.test("[A14] creating again from the same is the same; from anything else it is refused", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const first = await process.create();
  const next = await stage.restart(process);
  deepEqual(await next.create(), first);
  equal(await outcome(next.create(ALICE, "alice", "Mallory")), "conflict");
  equal(await outcome(next.create(ALICE, "mallory", "Alice")), "conflict");
  const other = { login: "alice", name: "Alice", password: `${PASSWORD}x` };
  equal(await outcome(next.account(ANONYMOUS).create(other)), "conflict");
  equal(await outcome(next.account(ANONYMOUS).create({ login: "alice", name: "Alice" })), "conflict");
  deepEqual((await stage.audited()).map(({ event }) => event), ["account.created"]);
});

Deno.test("[A14] an account that was created although the answer was lost is found when it is created again", async () => {
  await using stage = await AccountStage.open();
  const process = await stage.start();
  // The actor is in memory and knows of no account.
  equal(await outcome(process.account(ANONYMOUS).profile({})), "not_found");
  await stage.storage.accounts.create(
    {
      ...{
        id: ALICE,
        login: "alice",
        name: "Alice",
        password: PASSWORD,
        bio: "",
        role: "user",
        state: "active",
      },
      ...{ privacy: { bio: "everyone", presence: "everyone" }, createdAt: 1, identities: [], contacts: [] },
    },
    0,
  );
  equal((await process.create()).createdAt, 1);
  equal(await outcome(process.create(ALICE, "alice", "Mallory")), "conflict");
  await process.signIn(1);
});

Deno.test("[A2] a guest becomes the account with its id, and its own session ends with that", async () => {
  await using stage = await AccountStage.open();
  const process = await stage.start();
  const until = stage.clock.now() + 30 * 86_400_000;
  const create = () =>
    process.account(GUEST).create({
      login: "alice",
      name: "Alice",
      password: PASSWORD,
      guest: { session: ulid(70), until },
    });
  equal((await create()).id, ALICE);
  equal((await create()).id, ALICE);
  deepEqual(await stage.revoked(), [ulid(70)]);
  deepEqual(await stage.told(/\.ended$/), [{ sessions: [{ id: ulid(70), until }] }]);
  deepEqual(await stage.audited(), [{ event: "account.created", actor: ALICE }]);
});

Deno.test("[A2] a guest cannot become anybody else, nor stay a guest of the account", async () => {
  await using stage = await AccountStage.open();
  const process = await stage.start();
  const input = { login: "bob", name: "Bob", password: PASSWORD };
  equal(await outcome(process.account(GUEST, ulid(2)).create(input)), "forbidden");
  await process.create();
  equal(await outcome(process.account(GUEST).read({})), "forbidden");
  equal(await outcome(process.account(GUEST).update({ name: "Mallory" })), "forbidden");
});

Deno.test("[A2] nothing of a guest ends when the account cannot be made", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const guest = { ...GUEST, user: { id: ulid(9), name: "Guest" } } as Caller;
  const create = process.account(guest, ulid(9)).create({
    login: "alice",
    name: "Alice",
    password: PASSWORD,
    guest: { session: ulid(70), until: stage.clock.now() + 1_000 },
  });
  equal(await outcome(create), "conflict");
  deepEqual(await stage.revoked(), []);
  deepEqual(await stage.told(/\.ended$/), []);
});

Deno.test("[A20] a hash of former parameters gives way to a new one when somebody signs in with it", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const signIn = (hash: string, n: number, rehashed?: string) =>
    process.account(ANONYMOUS).signIn({
      proof: { by: "password", hash },
      session: ulid(n),
      refreshHash: digest(`token ${n}`),
      arrival: arrival(),
      rehashed,
    });
  await signIn(PASSWORD, 1, "$argon2id$new");
  // The same command again, which names a hash that is not the account's any more.
  await signIn(PASSWORD, 1, "$argon2id$new");
  equal(await outcome(signIn(PASSWORD, 2)), "unauthenticated");
  await signIn("$argon2id$new", 3);
  equal((await stage.storage.accounts.credentials("alice"))?.password, "$argon2id$new");
});

Deno.test("[A14] signing in again with the same session is the same session; with another token it is refused", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  await process.signIn(1);
  const next = await stage.restart(process);
  await next.signIn(1);
  equal((await stage.storage.sessions.of(ALICE)).length, 1);
  equal((await stage.audited()).filter(({ event }) => event === "login.succeeded").length, 1);
  const planted = next.account(ANONYMOUS).signIn({
    proof: { by: "password", hash: PASSWORD },
    session: ulid(1),
    refreshHash: digest("planted"),
    arrival: arrival(),
  });
  equal(await outcome(planted), "conflict");
});

for (const kind of ["refuse", "lose_answer"] as const) {
  Deno.test(`[A14] what a failing commit (${kind}) leaves of a sign-in is what the database has`, async () => {
    const { stage, process } = await AccountStage.withAlice();
    await using _ = stage;
    process.storage.faultNext({ kind, error: new Error("cut") });
    equal(await outcome(process.signIn(1)), "internal");
    const seen = process.account({ kind: "operator", name: "bus" }).sessions({});
    const { sessions } = await stage.run(seen);
    deepEqual(sessions.map(({ id }) => id), kind === "refuse" ? [] : [ulid(1)]);
    await process.signIn(1);
    equal((await stage.storage.sessions.of(ALICE)).length, 1);
  });
}
