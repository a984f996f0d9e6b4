import { deepEqual, equal } from "node:assert/strict";
import type { SignedIn } from "protocol/accounts.ts";
import { AccountSite, GUESTS_A_DAY } from "tests/support/account_site.ts";
import { PASSWORD } from "tests/support/cookie_client.ts";

const MINUTE = 60_000;

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

function cookies({ refreshToken, deviceToken }: SignedIn): Record<string, string> {
  return { cookie: `barrage_refresh=${refreshToken}; barrage_device=${deviceToken}` };
}

Deno.test("[A15] after ten attempts with one name there is one more every minute, and the right one is among them", async () => {
  await using site = await AccountSite.open();
  await site.register("alice", PASSWORD);
  const signIn = async (password: string) => {
    const { status } = await site.send("POST", "/v1/login", { login: "alice", password, transport: "body" });
    return status;
  };
  const first = [];
  for (let n = 0; n < 12; n++) first.push(await signIn("wrong"));
  deepEqual(first, [...Array(10).fill(401), 429, 429]);
  await site.stage.clock.advance(MINUTE);
  deepEqual([await signIn("wrong"), await signIn(PASSWORD)], [401, 429]);
  await site.stage.clock.advance(MINUTE);
  deepEqual([await signIn(PASSWORD), await signIn(PASSWORD)], [200, 429]);
});

Deno.test("[A6] the token with a new name ends when the one before would have", async () => {
  await using site = await AccountSite.open();
  const { token } = await site.register("alice", PASSWORD);
  await site.stage.clock.advance(10 * MINUTE);
  const { body } = await site.send<{ token: string; expiresInMs: number }>(
    "PATCH",
    "/v1/account",
    { name: "Alicia" },
    bearer(token),
  );
  equal(body.expiresInMs, 20 * MINUTE);
  await site.stage.clock.advance(20 * MINUTE);
  equal((await site.send("GET", "/v1/account", undefined, bearer(body.token))).status, 401);
});

Deno.test("[S40] a session lives on its refreshes: an access token ends after half an hour, the session an hour later", async () => {
  await using site = await AccountSite.open();
  const { token, ...first } = await site.register("alice", PASSWORD);
  const { refreshToken, deviceToken } = first;
  await site.stage.clock.advance(30 * MINUTE);
  equal((await site.send("GET", "/v1/account", undefined, bearer(token))).status, 401);
  const refreshed = await site.send<SignedIn>("POST", "/v1/refresh", { refreshToken, deviceToken });
  equal(refreshed.status, 200);
  equal((await site.send("GET", "/v1/account", undefined, bearer(refreshed.body.token))).status, 200);
  await site.stage.clock.advance(60 * MINUTE);
  const late = await site.send("POST", "/v1/refresh", {
    refreshToken: refreshed.body.refreshToken,
    deviceToken,
  });
  deepEqual([late.status, late.body.reason], [401, "unauthenticated"]);
});

Deno.test("[S55] whoever comes back after the access token has run out can still sign out", async () => {
  await using site = await AccountSite.open();
  const signedIn = await site.register("alice", PASSWORD);
  await site.stage.clock.advance(31 * MINUTE);
  equal((await site.send("POST", "/v1/logout", undefined, cookies(signedIn))).status, 204);
  deepEqual(await site.stage.revoked(), [signedIn.session]);
});

Deno.test("[A8] the password given again opens what is sensitive for ten minutes", async () => {
  await using site = await AccountSite.open();
  const { token } = await site.register("alice", PASSWORD);
  const remove = async () => (await site.send("DELETE", "/v1/account", undefined, bearer(token))).status;
  const change = async (body: Record<string, string>) =>
    (await site.send("POST", "/v1/account/password", body, bearer(token))).status;
  await site.stage.clock.advance(10 * MINUTE);
  deepEqual([await remove(), await change({ password: "a quite new password" })], [403, 403]);
  equal(await change({ current: PASSWORD, password: "a quite new password" }), 200);
  await site.stage.clock.advance(10 * MINUTE - 1);
  equal(await remove(), 204);
});

Deno.test("[A18] over a day an address gets no more guests than GUESTS_PER_DAY and what flows in meanwhile", async () => {
  await using site = await AccountSite.open();
  let taken = 0;
  for (let minute = 0; minute < 10; minute++) {
    for (let n = 0; n < 60; n++) {
      const { status } = await site.send("POST", "/v1/guests", {});
      if (status === 201) taken++;
    }
    await site.stage.clock.advance(MINUTE);
  }
  // 200 at once, and in nine minutes one more: 200 a day are one in seven minutes.
  equal(taken, GUESTS_A_DAY + 1);
});
