import { deepEqual, equal, rejects } from "node:assert/strict";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { person, ulid } from "tests/support/room_stage.ts";
import { TokenStage } from "tests/support/token_stage.ts";
import { TokenForge } from "tests/support/tokens.ts";

async function keyOf(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return { ...await exportJWK(privateKey), kid };
}

Deno.test("[Y24] a token of one node is taken by another, which asks the database for the key once", async () => {
  await using stage = await TokenStage.open();
  const [issuer, checker] = [await stage.start("a"), await stage.start("b")];
  const before = checker.storage.asked("tokenKeys");
  for (let n = 0; n < 5; n++) {
    const { token } = await issuer.tokens.issueGuest({ user: person(n), session: ulid(n) });
    deepEqual((await checker.tokens.verify(token)).caller.user, person(n));
  }
  equal(checker.storage.asked("tokenKeys"), before + 1);
});

Deno.test("[Y24] a made-up key id is refused, and its next tokens without asking the database", async () => {
  await using stage = await TokenStage.open();
  const { tokens, storage } = await stage.start("a");
  const forge = new TokenForge(await keyOf("nobody"));
  const before = storage.asked("tokenKeys");
  for (let n = 0; n < 50; n++) {
    await rejects(tokens.verify(await forge.sign({ sub: person(n).id })), { reason: "unauthenticated" });
  }
  equal(storage.asked("tokenKeys"), before + 1);
});

Deno.test("[Y24] a token under another node's key id but signed with a key of one's own is refused", async () => {
  await using stage = await TokenStage.open();
  const [other, { tokens }] = [await stage.start("a"), await stage.start("b")];
  const forge = new TokenForge(await keyOf(other.signing.present.kid));
  await rejects(tokens.verify(await forge.sign({ sub: person(1).id })), { reason: "unauthenticated" });
});
