import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import type { SignedIn } from "protocol/accounts.ts";
import { CHEAP, CookieClient, PASSWORD } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";

/** No token before the present one is good, and nobody waits to show one. */
const STRICT = { ...CHEAP, REFRESH_EVERY_SECONDS: 0, REFRESH_GRACE_SECONDS: 0 };

Deno.test("refreshing as browsers do", async (t) => {
  await using server = await startServer(CHEAP);
  const { url } = server;

  await t.step("[S41] each refresh brings new tokens for the same session, by cookie only", async () => {
    const alice = await CookieClient.member(url, "alice");
    const before = new Map(alice.cookies);
    const { status, body, headers } = await alice.send<SignedIn>("POST", "/v1/refresh");
    equal(status, 200);
    equal(headers.get("cache-control"), "no-store");
    deepEqual([body.refreshToken, body.deviceToken], [undefined, undefined]);
    equal(alice.cookies.get("barrage_device"), before.get("barrage_device"));
    notEqual(alice.cookies.get("barrage_refresh"), before.get("barrage_refresh"));
    ok(body.sessionEndsInMs > 71.9 * 3_600_000 && body.expiresInMs <= 30 * 60_000);
    for (const line of headers.getSetCookie()) ok(/; HttpOnly; SameSite=Lax$/.test(line), line);
  });

  await t.step("[S42] a browser that lost the answer asks again and gets the very same token", async () => {
    const bob = await CookieClient.member(url, "bob");
    const lost = bob.copy("barrage", "barrage_refresh", "barrage_device");
    lost.headers["user-agent"] = bob.headers["user-agent"]!;
    await lost.must(200, "POST", "/v1/refresh");
    await bob.must(200, "POST", "/v1/refresh");
    equal(bob.cookies.get("barrage_refresh"), lost.cookies.get("barrage_refresh"));
  });

  await t.step("[S42] eight tabs that refresh at once end up with one token and no alarm", async () => {
    const carol = await CookieClient.member(url, "carol");
    await using socket = await SocketClient.open(server.socketUrl);
    await socket.call("session.hello", { token: carol.cookies.get("barrage") });
    const tabs = Array.from({ length: 8 }, () => carol.copy("barrage_refresh", "barrage_device"));
    const statuses = await Promise.all(
      tabs.map(async (tab) => (await tab.send("POST", "/v1/refresh")).status),
    );
    deepEqual(statuses, Array(8).fill(200));
    equal(new Set(tabs.map(({ cookies }) => cookies.get("barrage_refresh"))).size, 1);
    await socket.call("session.ping");
    deepEqual(socket.inbox, []);
  });

  await t.step("[S43] a second refresh within the minute has to wait, and changes no cookie", async () => {
    const dave = await CookieClient.member(url, "dave");
    await dave.must(200, "POST", "/v1/refresh");
    const before = new Map(dave.cookies);
    const { status, body } = await dave.send("POST", "/v1/refresh");
    deepEqual([status, body.reason], [429, "rate_limited"]);
    ok(body.retryAfterMs! > 50_000 && body.retryAfterMs! <= 60_000);
    deepEqual(dave.cookies, before);
  });

  await t.step("[S53] a program keeps its tokens itself", async () => {
    const program = new HttpClient(url);
    const { body } = await program.post<SignedIn>("/v1/accounts", {
      login: "erin",
      password: PASSWORD,
      transport: "body",
    });
    const tokens = { refreshToken: body.refreshToken, deviceToken: body.deviceToken };
    const refreshed = await program.post<SignedIn>("/v1/refresh", tokens);
    deepEqual([refreshed.status, refreshed.headers.getSetCookie()], [200, []]);
    equal(refreshed.body.deviceToken, body.deviceToken);
    equal((await new HttpClient(url, refreshed.body.token).get("/v1/account")).status, 200);
    const { status } = await program.post("/v1/refresh", { refreshToken: refreshed.body.refreshToken });
    equal(status, 401);
  });

  await t.step("[S41] what is no refresh token is answered like one that is not good any more", async () => {
    const program = new HttpClient(url);
    const made = "01ARZ3NDEKTSV4RRFFQ69G5FAV.01ARZ3NDEKTSV4RRFFQ69G5FAV." + "x".repeat(43);
    const answers = [];
    for (const refreshToken of ["", "x", "..", made, `${made}.x`, "a\r\nb", "x".repeat(256)]) {
      const { status, body } = await program.post("/v1/refresh", { refreshToken });
      answers.push(JSON.stringify([status, body.reason, body.detail]));
    }
    equal(new Set(answers).size, 1);
    equal((await program.post("/v1/refresh", { refreshToken: "x".repeat(257) })).status, 422);
    equal((await new CookieClient(url).send("POST", "/v1/refresh")).status, 401);
  });
});

Deno.test("stolen tokens", async (t) => {
  await using server = await startServer(STRICT);
  const { url } = server;

  await t.step(
    "[S45] a stolen refresh token is worth nothing without the device cookie, and hurts nobody",
    async () => {
      const alice = await CookieClient.member(url, "alice");
      const thief = alice.copy("barrage_refresh");
      equal((await thief.send("POST", "/v1/refresh")).status, 401);
      thief.cookies.set("barrage_refresh", alice.cookies.get("barrage_refresh")!);
      thief.cookies.set("barrage_device", "x".repeat(43));
      equal((await thief.send("POST", "/v1/refresh")).status, 401);
      await alice.must(200, "POST", "/v1/refresh");
      const { sessions } = await alice.must<{ sessions: unknown[] }>(200, "GET", "/v1/sessions");
      equal(sessions.length, 1);
    },
  );

  await t.step(
    "[S44] a replayed refresh token ends the session for both, and the owner is told",
    async () => {
      const bob = await CookieClient.member(url, "bob");
      const phone = new CookieClient(url);
      await phone.must(200, "POST", "/v1/login", { login: "bob", password: PASSWORD });
      await using socket = await SocketClient.open(server.socketUrl);
      await socket.call("session.hello", { token: phone.cookies.get("barrage") });
      const thief = bob.copy("barrage_refresh", "barrage_device");
      await thief.must(200, "POST", "/v1/refresh");
      const told = socket.take(
        (message): message is never => (message as { method?: string }).method === "account.alert",
        "the alert",
      );
      equal((await bob.send("POST", "/v1/refresh")).status, 401);
      deepEqual([...bob.cookies.keys()], ["barrage_known"]);
      const { params } = await told as unknown as { params: { reason: string; at: number } };
      equal(params.reason, "token_reused");
      ok(Math.abs(Date.now() - params.at) < 60_000);
      equal((await thief.send("POST", "/v1/refresh")).status, 401);
      equal((await thief.send("GET", "/v1/account")).status, 401);
      // The other session of the account goes on.
      await phone.must(200, "GET", "/v1/account");
      await phone.must(200, "POST", "/v1/refresh");
    },
  );
});
