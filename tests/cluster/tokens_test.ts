import { deepEqual, equal, rejects } from "node:assert/strict";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { Tokens } from "routes/tokens.ts";
import { openSqlite } from "storage/sqlite.ts";
import { ProcessStorage } from "tests/support/process_storage.ts";
import { person } from "tests/support/room_stage.ts";
import { TokenForge } from "tests/support/tokens.ts";

async function signingKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return { ...await exportJWK(privateKey), kid };
}

Deno.test("[Y24] a token of one node is taken by another, which asks the database for the key once", async () => {
  await using database = await openSqlite({ path: ":memory:" });
  const storage = new ProcessStorage(database);
  const issuer = await Tokens.from(await signingKey("node a"), database.tokenKeys);
  const checker = await Tokens.from(await signingKey("node b"), storage.tokenKeys);
  const before = storage.asked("tokenKeys");
  for (let n = 0; n < 5; n++) {
    const { user } = await checker.verify(await issuer.issueGuest(person(n)));
    deepEqual(user, person(n));
  }
  equal(storage.asked("tokenKeys"), before + 1);
});

Deno.test("[Y24] a made-up key id is refused, and its next tokens without asking the database", async () => {
  await using database = await openSqlite({ path: ":memory:" });
  const storage = new ProcessStorage(database);
  const tokens = await Tokens.from(await signingKey("node a"), storage.tokenKeys);
  const forge = new TokenForge(await signingKey("nobody"));
  const before = storage.asked("tokenKeys");
  for (let n = 0; n < 50; n++) {
    await rejects(tokens.verify(await forge.sign({ sub: person(n).id })), { reason: "unauthenticated" });
  }
  equal(storage.asked("tokenKeys"), before + 1);
});

Deno.test("[Y24] a token under another node's key id but signed with a key of one's own is refused", async () => {
  await using database = await openSqlite({ path: ":memory:" });
  await Tokens.from(await signingKey("node a"), database.tokenKeys);
  const tokens = await Tokens.from(await signingKey("node b"), database.tokenKeys);
  const forge = new TokenForge(await signingKey("node a"));
  await rejects(tokens.verify(await forge.sign({ sub: person(1).id })), { reason: "unauthenticated" });
});
