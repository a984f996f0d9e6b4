import { deepEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, exportJWK, type JWK, jwtVerify } from "jose";
import { person, ulid } from "tests/support/room_stage.ts";
import { ACCESS_MS, DAY_MS, ROTATION_MS, type TokenNode, TokenStage } from "tests/support/token_stage.ts";
import { TokenForge, unsignedToken } from "tests/support/tokens.ts";

const ANN = { user: person(1), standing: "member", session: ulid(11) } as const;
const REFUSED = { reason: "unauthenticated", message: "The token is not valid" };

/** What only the server itself can sign with. */
async function ownKey({ dataDir }: TokenNode): Promise<JWK> {
  return JSON.parse(await Deno.readTextFile(`${dataDir}/token_key.json`));
}

/** Claims as the server makes them, at the stage's time. */
function claims(stage: TokenStage) {
  const iat = Math.floor(stage.clock.now() / 1_000);
  return { sub: ANN.user.id, sid: ANN.session, name: "Ann", standing: "member", iat, exp: iat + 60 };
}

Deno.test("[S1] an access token says who, in which session and what they are, and for whom it is", async () => {
  await using stage = await TokenStage.open();
  const { tokens, signing } = await stage.start("a");
  const { token, expiresAt } = await tokens.issueAccess(ANN);
  equal(expiresAt, stage.clock.now() + ACCESS_MS);
  deepEqual(decodeProtectedHeader(token), { alg: "EdDSA", kid: signing.present.kid });
  const iat = stage.clock.now() / 1_000;
  deepEqual(decodeJwt(token), {
    sub: ANN.user.id,
    sid: ANN.session,
    name: "User 1",
    standing: "member",
    iat,
    exp: iat + ACCESS_MS / 1_000,
    iss: "barrage",
    aud: "barrage",
  });
  const caller = { kind: "user", ...ANN } as const;
  deepEqual(await tokens.verify(token), { caller, expiresAt });
});

Deno.test("[S1] a guest's token lasts 30 days", async () => {
  await using stage = await TokenStage.open();
  const { tokens } = await stage.start("a");
  const { token, expiresAt } = await tokens.issueGuest({ user: person(2), session: ulid(22) });
  equal(expiresAt, stage.clock.now() + 30 * DAY_MS);
  const { caller } = await tokens.verify(token);
  deepEqual(caller, { kind: "user", user: person(2), standing: "guest", session: ulid(22) });
});

Deno.test("[A23] a browser is known for 30 days, on every node, by what is no access token", async () => {
  await using stage = await TokenStage.open();
  const [one, other] = [await stage.start("a"), await stage.start("b")];
  const known = { account: ulid(1), browser: "b".repeat(43) };
  const { token, expiresAt } = await one.tokens.issueKnown(known);
  equal(expiresAt, stage.clock.now() + 30 * DAY_MS);
  deepEqual(await other.tokens.readKnown(token), known);
  await rejects(one.tokens.verify(token), REFUSED);
  equal(await one.tokens.readKnown((await one.tokens.issueAccess(ANN)).token), undefined);
  await stage.clock.advance(30 * DAY_MS);
  equal(await other.tokens.readKnown(token), undefined);
});

Deno.test("[S2] a token is good until the second in which it ends", async () => {
  await using stage = await TokenStage.open();
  const { tokens } = await stage.start("a");
  const { token } = await tokens.issueAccess(ANN);
  await stage.clock.advance(ACCESS_MS - 1);
  await tokens.verify(token);
  await stage.clock.advance(1);
  await rejects(tokens.verify(token), REFUSED);
});

Deno.test("[S2] whatever is wrong with a token, it is refused in the same words", async () => {
  await using stage = await TokenStage.open();
  const node = await stage.start("a");
  const other = await stage.start("b");
  const key = await ownKey(node);
  const good = claims(stage);
  const forge = new TokenForge(key);
  await node.tokens.verify(await forge.sign(good));

  const { x = "", kid = "" } = key;
  const stranger = { ...await ownKey(other), kid };
  const [head = "", body = "", signature = ""] = (await forge.sign(good)).split(".");
  const wrong: Record<string, string> = {
    "signed with another key": await new TokenForge(stranger).sign(good),
    "under another node's key id": await new TokenForge({ ...key, kid: other.signing.present.kid }).sign(
      good,
    ),
    "under a key id that nobody has": await new TokenForge({ ...key, kid: "nobody" }).sign(good),
    "under no key id": await new TokenForge({ ...key, kid: "" }).sign(good),
    "unsigned": unsignedToken({ ...good, iss: "barrage", aud: "barrage" }),
    "with the public key for a secret": await new TokenForge({ kty: "oct", k: x, kid }).sign(good, "HS256"),
    "another body under its signature": [head, body.replace(/^./, "f"), signature].join("."),
    "without a signature": `${head}.${body}.`,
    "for another audience": await forge.sign({ ...good, aud: "somebody else" }),
    "from another issuer": await forge.sign({ ...good, iss: "somebody else" }),
    "ended": await forge.sign({ ...good, exp: good.iat - 1 }),
    "without an end": await forge.sign({ ...good, exp: undefined as never }),
    "of nobody": await forge.sign({ ...good, sub: "root" }),
    "of no session": await forge.sign({ ...good, sid: undefined }),
    "with a standing that there is not": await forge.sign({ ...good, standing: "god" }),
    "with a name that is none": await forge.sign({ ...good, name: 7 }),
    "too long": await forge.sign({ ...good, pad: "x".repeat(4_096) }),
    "garbage": "garbage",
    "empty": "..",
  };
  for (const [what, token] of Object.entries(wrong)) {
    const refused = rejects(node.tokens.verify(token), REFUSED, what);
    // Keys are looked for once a second.
    await stage.clock.advance(1_000);
    await refused;
  }
});

Deno.test("[S3] a token that was checked is remembered, until it ends or others take its place", async () => {
  await using stage = await TokenStage.open();
  const [issuer, checker] = [await stage.start("a"), await stage.start("b", 2)];
  const issued = [];
  for (let n = 0; n < 3; n++) {
    issued.push((await issuer.tokens.issueAccess({ ...ANN, session: ulid(n) })).token);
  }
  const first = await checker.tokens.verify(issued[0]!);
  equal(await checker.tokens.verify(issued[0]!), first);
  await checker.tokens.verify(issued[1]!);
  await checker.tokens.verify(issued[2]!);
  notEqual(await checker.tokens.verify(issued[0]!), first);
  await stage.clock.advance(ACCESS_MS);
  await rejects(checker.tokens.verify(issued[0]!), REFUSED);
});

Deno.test("[S4] a key is replaced while the node runs, and what it signed stays good", async () => {
  await using stage = await TokenStage.open();
  const [node, other] = [await stage.start("a"), await stage.start("b")];
  const { kid } = node.signing.present;
  await stage.clock.advance(ROTATION_MS - 3_600_000);
  equal(node.signing.present.kid, kid);
  const { token } = await node.tokens.issueGuest({ user: person(2), session: ulid(22) });
  await stage.clock.advance(2 * 3_600_000);
  while (node.signing.present.kid === kid) await stage.clock.settle();
  notEqual(decodeProtectedHeader((await node.tokens.issueAccess(ANN)).token).kid, kid);
  await stage.clock.advance(29 * DAY_MS);
  await node.tokens.verify(token);
  await other.tokens.verify(token);
});

Deno.test("[S4] a key that is too old is replaced at the start, a younger one is kept", async () => {
  await using stage = await TokenStage.open();
  const first = await stage.start("a");
  first.signing[Symbol.dispose]();
  await stage.clock.advance(ROTATION_MS - 1);
  const second = await stage.start("a");
  equal(second.signing.present.kid, first.signing.present.kid);
  second.signing[Symbol.dispose]();
  await stage.clock.advance(1);
  notEqual((await stage.start("a")).signing.present.kid, first.signing.present.kid);
});

Deno.test("[S4] a key that was made before keys were replaced is replaced at the start", async () => {
  await using stage = await TokenStage.open();
  const first = await stage.start("a");
  first.signing[Symbol.dispose]();
  const { createdAt: _unknown, ...old } = await ownKey(first) as JWK & { createdAt: number };
  await Deno.writeTextFile(`${first.dataDir}/token_key.json`, JSON.stringify(old));
  notEqual((await stage.start("a")).signing.present.kid, old.kid);
});

Deno.test("[S4] a public key is published as long as a token that it checks may last, and then no more", async () => {
  await using stage = await TokenStage.open();
  const { tokens, signing } = await stage.start("a");
  const published = async () => (await stage.database.tokenKeys.all(stage.clock.now())).map(({ kid }) => kid);
  const { kid, expiresAt } = signing.present;
  // The last moment at which this key can sign: the clock stands still, so nobody replaces it.
  stage.clock.pause(ROTATION_MS + 3_600_000);
  const { expiresAt: end } = await tokens.issueGuest({ user: person(2), session: ulid(22) });
  ok(end <= expiresAt);
  stage.clock.pause(end - stage.clock.now());
  ok((await published()).includes(kid));
  stage.clock.pause(expiresAt - stage.clock.now());
  ok(!(await published()).includes(kid));
});

Deno.test("[S4] no token outlives its key, however late that is replaced", async () => {
  await using stage = await TokenStage.open();
  const { tokens, signing } = await stage.start("a");
  stage.clock.pause(ROTATION_MS + 10 * DAY_MS);
  const { expiresAt } = await tokens.issueGuest({ user: person(2), session: ulid(22) });
  equal(expiresAt, signing.present.expiresAt);
});

Deno.test("[S5] the key is readable by its owner only, and one that is damaged stops the start unseen", async () => {
  await using stage = await TokenStage.open();
  const { dataDir, signing } = await stage.start("a");
  signing[Symbol.dispose]();
  const path = `${dataDir}/token_key.json`;
  equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  for (const damaged of ["", "{", '{"d":"SECRET"}', '{"kty":"RSA","d":"SECRET"}']) {
    await Deno.writeTextFile(path, damaged);
    await rejects(stage.start("a"), (error: Error) => {
      equal(
        error.message,
        `Cannot read the signing key ${path}: it is not an Ed25519 key as this server writes it`,
      );
      ok(!Deno.inspect(error).includes("SECRET"));
      return true;
    });
  }
});

Deno.test("[S5] a key that cannot be published is not used, and is tried again within the hour", async () => {
  await using stage = await TokenStage.open();
  const { signing, storage } = await stage.start("a");
  const { kid } = signing.present;
  const { publish } = storage.tokenKeys;
  let refused = 0;
  storage.tokenKeys.publish = () => Promise.reject(new Error(`gone ${++refused}`));
  await stage.clock.advance(ROTATION_MS + 3_600_000);
  while (refused < 2) await stage.clock.settle();
  equal(signing.present.kid, kid);
  storage.tokenKeys.publish = publish;
  await stage.clock.advance(3_600_000);
  while (signing.present.kid === kid) await stage.clock.settle();
});

Deno.test("[S6] made-up key ids, however many, cost one reading a second", async () => {
  await using stage = await TokenStage.open();
  const { keys, storage } = await stage.start("a");
  const before = storage.asked("tokenKeys");
  const look = (round: number) =>
    Promise.all(Array.from({ length: 500 }, (_, n) => keys.find(`${round}-${n}`)));
  deepEqual(new Set(await look(0)), new Set([undefined]));
  equal(storage.asked("tokenKeys"), before + 1);
  const second = look(1);
  await stage.clock.advance(999);
  equal(storage.asked("tokenKeys"), before + 1);
  await stage.clock.advance(1);
  await second;
  equal(storage.asked("tokenKeys"), before + 2);
  await look(1);
  equal(storage.asked("tokenKeys"), before + 2);
});

Deno.test("[S6] whoever looks for a key while a reading is under way gets the next, which has it", async () => {
  await using stage = await TokenStage.open();
  const { keys, storage } = await stage.start("a");
  const release = storage.hold("tokenKeys");
  const nobody = keys.find("nobody");
  await stage.clock.settle();
  // Published after the reading began; so it need not be in what that one returns.
  const { signing } = await stage.start("b");
  const found = keys.find(signing.present.kid);
  release();
  equal(await nobody, undefined);
  await stage.clock.advance(1_000);
  ok(await found instanceof CryptoKey);
});

Deno.test("[S6] more than a thousand who wait for keys are told to come back", async () => {
  await using stage = await TokenStage.open();
  const { keys } = await stage.start("a");
  await keys.find("somebody");
  const waiting = Array.from({ length: 1_000 }, (_, n) => keys.find(`${n}`));
  await rejects(keys.find("one more"), { reason: "overloaded", details: { retryAfterMs: 1_000 } });
  await stage.clock.advance(1_000);
  await Promise.all(waiting);
  equal(await keys.find("0"), undefined);
});

Deno.test("[S6] a database that cannot be read refuses nobody for good", async () => {
  await using stage = await TokenStage.open();
  const { keys, storage } = await stage.start("a");
  const { all } = storage.tokenKeys;
  storage.tokenKeys.all = () => Promise.reject(new Error("gone"));
  await rejects(keys.find("somebody"), /gone/);
  storage.tokenKeys.all = all;
  const { signing } = await stage.start("b");
  const found = keys.find(signing.present.kid);
  await stage.clock.advance(1_000);
  ok(await found instanceof CryptoKey);
});

Deno.test("[S7] the key set has the public keys of all nodes and nothing else, and checks their tokens", async () => {
  await using stage = await TokenStage.open();
  const [a, b] = [await stage.start("a"), await stage.start("b")];
  const keys = await a.keys.list();
  const expected = await Promise.all([a, b].map(async ({ signing }) => {
    const { kty, crv, x } = await exportJWK(signing.present.publicKey);
    return { kty, crv, x, kid: signing.present.kid, alg: "EdDSA", use: "sig" };
  }));
  const byKid = (one: { kid: string }, other: { kid: string }) => one.kid < other.kid ? -1 : 1;
  deepEqual([...keys].sort(byKid), expected.sort(byKid));
  const options = { issuer: "barrage", audience: "barrage", currentDate: new Date(stage.clock.now()) };
  const { payload } = await jwtVerify(
    (await b.tokens.issueAccess(ANN)).token,
    createLocalJWKSet({ keys }),
    options,
  );
  equal(payload.sub, ANN.user.id);
});
