import { deepEqual, equal, rejects } from "node:assert/strict";
import { ApiKeyChecker } from "routes/api_key_checker.ts";
import { makeKeyText, readKeyText } from "routes/api_key_text.ts";
import { Cookies } from "routes/cookies.ts";
import { Authenticator } from "routes/identify.ts";
import { Origin } from "routes/origin.ts";
import { Revocations } from "routes/revocations.ts";
import type { Verified } from "routes/verifier.ts";
import { MemoryBroker } from "actors/bus/memory.ts";
import { Drops } from "actors/runtime/drops.ts";
import { person, ulid } from "tests/support/room_stage.ts";
import { DAY_MS, TokenStage } from "tests/support/token_stage.ts";

const ANN = { user: person(1), standing: "member", session: ulid(11) } as const;
const KEY = ulid(77);
const HOME = "http://localhost:8080";

/** Everything that says who a request is from, on one node. */
async function open() {
  await using started = new AsyncDisposableStack();
  const stage = started.use(await TokenStage.open());
  const { clock, database } = stage;
  const { tokens, storage } = await stage.start("a");
  const bus = started.use(new MemoryBroker({ onError: (error) => console.error(error) }).connect());
  const parts = { store: storage.revocations, bus, clock, drops: new Drops(), max: 1_000, pollMs: 1_000 };
  const revocations = started.use(await Revocations.open(parts));
  const origin = new Origin(undefined);
  const keys = new ApiKeyChecker(storage.apiKeys, clock);
  const cookies = new Cookies(origin);
  const key = makeKeyText(KEY);
  await database.apiKeys.create({
    ...{ id: KEY, name: "Bot", scopes: ["rooms"], hash: readKeyText(key)!.hash },
    ...{ createdBy: "test", createdAt: clock.now(), expiresAt: clock.now() + DAY_MS },
  });
  const owned = started.move();
  return {
    authenticator: new Authenticator({ tokens, keys, revocations, cookies, origin }),
    token: (await tokens.issueAccess(ANN)).token,
    another: (await tokens.issueAccess({ ...ANN, session: ulid(12) })).token,
    key,
    end: async (id: string) => {
      const ended = JSON.stringify({ sessions: [{ id, until: clock.now() + DAY_MS }] });
      bus.publish("barrage.v1.evt.account.X.ended", new TextEncoder().encode(ended));
      await clock.settle();
    },
    clock,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

function request(method: string, headers: Record<string, string>): Request {
  return new Request(`${HOME}/v1/rooms`, { method, headers });
}

function nameOf(verified: Verified | undefined): string | undefined {
  return verified?.caller.user.name;
}

Deno.test("[S8] a session that has ended, or a key, cannot call anything any more, however often it has called before", async () => {
  await using stage = await open();
  const { authenticator, token, key } = stage;
  for (const [presented, id] of [[token, ANN.session], [key, KEY]] as const) {
    const call = request("POST", { authorization: `Bearer ${presented}` });
    for (let n = 0; n < 3; n++) await authenticator.identify(call);
    await stage.end(id);
    await rejects(authenticator.identify(call), { reason: "unauthenticated" });
    await rejects(authenticator.verify(presented), { reason: "unauthenticated" });
    await rejects(authenticator.greet(call), { reason: "unauthenticated" });
  }
  const cookie = request("GET", { cookie: `barrage=${token}` });
  await rejects(authenticator.identify(cookie), { reason: "unauthenticated" });
  equal(await authenticator.greet(cookie), undefined);
});

Deno.test("[S29] a request is from whom its header says, else its cookie, else from nobody", async () => {
  await using stage = await open();
  const { authenticator, token, key } = stage;
  equal(await authenticator.identify(request("GET", {})), undefined);
  deepEqual(await authenticator.callerOf(request("GET", {})), { kind: "anonymous" });
  equal(nameOf(await authenticator.identify(request("GET", { cookie: `barrage=${token}` }))), "User 1");
  const both = request("POST", { authorization: `Bearer ${key}`, cookie: `barrage=${token}` });
  equal(nameOf(await authenticator.identify(both)), "Bot");
});

Deno.test("[LK44] [S8] who calls is at hand once a token was checked, until it is over or its session has ended", async () => {
  await using stage = await open();
  const { authenticator, token, key, clock } = stage;
  const asked = [{ authorization: `Bearer ${token}` }, { cookie: `barrage=${token}` }];
  const atHand = (headers: Record<string, string>) => authenticator.callerAtHand(request("GET", headers));
  deepEqual(atHand({}), { kind: "anonymous" });
  for (const headers of asked) equal(atHand(headers), undefined);
  await authenticator.identify(request("GET", asked[0]!));
  await authenticator.identify(request("GET", { authorization: `Bearer ${key}` }));
  for (const headers of asked) {
    deepEqual(atHand(headers), await authenticator.callerOf(request("GET", headers)));
  }
  const cookie = asked[1]!.cookie!;
  for (const authorization of [`Bearer ${key}`, "Bearer garbage", "Bearer", "Basic YTpi", token, ""]) {
    equal(atHand({ authorization, cookie }), undefined, authorization);
  }
  equal(atHand({ cookie: "barrage=garbage" }), undefined);
  equal(atHand({ cookie: `barrage=${key}` }), undefined);
  await stage.end(ANN.session);
  for (const headers of asked) equal(atHand(headers), undefined);
  const other = { authorization: `Bearer ${stage.another}` };
  await authenticator.identify(request("GET", other));
  equal(atHand(other)?.kind, "user");
  await clock.advance(DAY_MS);
  equal(atHand(other), undefined);
});

Deno.test("[S29] a bad header or cookie is never taken for none", async () => {
  await using stage = await open();
  const { authenticator, token } = stage;
  const cookie = `barrage=${token}`;
  for (const authorization of ["Bearer garbage", "Bearer", "Basic YTpi", token, "Bearer bk_garbage", ""]) {
    await rejects(authenticator.identify(request("GET", { authorization, cookie })), {
      reason: "unauthenticated",
    });
  }
  await rejects(authenticator.identify(request("GET", { cookie: "barrage=garbage" })), {
    reason: "unauthenticated",
  });
});

Deno.test("[S29] a cookie holds an access token; an API key in it is none", async () => {
  await using stage = await open();
  const { authenticator, key } = stage;
  const call = request("POST", { cookie: `barrage=${key}`, origin: HOME });
  await rejects(authenticator.identify(call), { reason: "unauthenticated" });
});

for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
  Deno.test(`[S30] a ${method} with a cookie's authority must come from our own origin`, async () => {
    await using stage = await open();
    const { authenticator, token } = stage;
    const cookie = `barrage=${token}`;
    for (
      const foreign of [{ origin: "https://evil.example" }, { origin: "null" }, {
        "sec-fetch-site": "cross-site",
      }, {}]
    ) {
      const forged = request(method, { cookie, ...foreign as Record<string, string> });
      await rejects(authenticator.identify(forged), { reason: "forbidden" });
    }
    equal(nameOf(await authenticator.identify(request(method, { cookie, origin: HOME }))), "User 1");
    const own = request(method, { cookie, "sec-fetch-site": "same-origin" });
    equal(nameOf(await authenticator.identify(own)), "User 1");
    const header = request(method, {
      cookie,
      authorization: `Bearer ${token}`,
      origin: "https://evil.example",
    });
    equal(nameOf(await authenticator.identify(header)), "User 1");
  });
}

Deno.test("[S30] reading with a cookie's authority may come from anywhere", async () => {
  await using stage = await open();
  const { authenticator, token } = stage;
  for (const method of ["GET", "HEAD"]) {
    const read = request(method, { cookie: `barrage=${token}`, origin: "https://evil.example" });
    equal(nameOf(await authenticator.identify(read)), "User 1");
  }
});

Deno.test("[S31] a handshake's cookie counts only when it is good and comes from our own origin", async () => {
  await using stage = await open();
  const { authenticator, token } = stage;
  const handshake = (headers: Record<string, string>) => authenticator.greet(request("GET", headers));
  const cookie = `barrage=${token}`;
  const introduction = await handshake({ cookie, origin: HOME });
  equal(introduction?.by, "cookie");
  equal(nameOf(introduction?.verified), "User 1");
  equal(await handshake({ cookie, origin: "https://evil.example" }), undefined);
  equal(await handshake({ cookie }), undefined);
  equal(await handshake({ cookie: "barrage=garbage", origin: HOME }), undefined);
  equal(
    (await handshake({ authorization: `Bearer ${token}`, origin: "https://other.example" }))?.by,
    "header",
  );
  await rejects(handshake({ authorization: "Bearer garbage" }), { reason: "unauthenticated" });
});
