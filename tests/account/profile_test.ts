import { deepEqual, equal } from "node:assert/strict";
import { ANONYMOUS, type Caller, SYSTEM } from "actors/runtime/caller.ts";
import { UpdateProfile } from "protocol/accounts.ts";
import { AccountStage, member, outcome } from "tests/support/account_stage.ts";
import { guest, ulid } from "tests/support/room_stage.ts";

const STRANGER = member(ulid(90), ulid(2));
const OTHERS: Readonly<Record<string, Caller>> = {
  anonymous: ANONYMOUS,
  guest: guest(3),
  other: STRANGER,
  operator: { kind: "operator", name: "bus" },
  service: { kind: "service", user: { id: ulid(50), name: "Helpdesk" }, scopes: ["accounts"] },
  program: { kind: "service", user: { id: ulid(51), name: "Bot" }, scopes: ["rooms"] },
  system: SYSTEM,
};

for (
  const [audience, sees] of [
    ["everyone", ["anonymous", "guest", "other", "operator", "service", "program", "system"]],
    ["members", ["other", "operator", "service", "program", "system"]],
    ["nobody", ["operator", "service", "system"]],
  ] as const
) {
  Deno.test(`[A5] a bio that is for ${audience} is seen by them, by oneself and by those in charge`, async () => {
    const { stage, process } = await AccountStage.withAlice();
    await using _ = stage;
    const alice = await process.signIn(1);
    await process.account(alice).update({ bio: "about me", privacy: { bio: audience } });
    for (const [who, caller] of Object.entries(OTHERS)) {
      const { bio } = await process.account(caller).profile({});
      equal(bio, (sees as readonly string[]).includes(who) ? "about me" : undefined, who);
    }
    equal((await process.account(alice).profile({})).bio, "about me");
  });
}

Deno.test("[A5] others see a name, a login and since when, but no role, contact or way to sign in", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const alice = await process.signIn(1);
  await process.account(alice).update({ avatarUrl: "https://example.org/a.png" });
  deepEqual(await process.account(STRANGER).profile({}), {
    id: ulid(1),
    login: "alice",
    name: "Alice",
    createdAt: stage.clock.now(),
    avatarUrl: "https://example.org/a.png",
  });
  equal(await outcome(process.account(STRANGER, ulid(77)).profile({})), "not_found");
});

Deno.test("[A6] what is not given stays; an empty avatar goes", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  const account = process.account(await process.signIn(1));
  await account.update({ name: "Alicia", avatarUrl: "https://example.org/a.png", bio: "about me" });
  await account.update(UpdateProfile.parse({ privacy: { presence: "nobody" } }));
  const { name, bio, avatarUrl, privacy } = await account.update({ privacy: { bio: "members" } });
  deepEqual([name, bio, avatarUrl, privacy], [
    "Alicia",
    "about me",
    "https://example.org/a.png",
    { bio: "members", presence: "nobody" },
  ]);
  equal((await account.update({ avatarUrl: "" })).avatarUrl, undefined);
  equal((await account.update({})).name, "Alicia");
  const next = await stage.restart(process);
  const read = await next.account(member(ulid(1))).read({});
  deepEqual([read.name, read.bio, read.avatarUrl, read.privacy], [
    "Alicia",
    "about me",
    undefined,
    { bio: "members", presence: "nobody" },
  ]);
});

Deno.test("[A6] a session that goes on is told the new name", async () => {
  const { stage, process } = await AccountStage.withAlice();
  await using _ = stage;
  await process.account(await process.signIn(1)).update({ name: "Alicia" });
  equal((await process.refresh(1, "token 1", "second")).user.name, "Alicia");
});
