import { deepEqual, equal, ok } from "node:assert/strict";
import type { LoginSessions, SignedIn } from "protocol/accounts.ts";
import { CLOSE_CODES } from "protocol/close_codes.ts";
import { CHEAP, CookieClient, PASSWORD } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";

const CREDENTIALS = { login: "alice", password: PASSWORD };

Deno.test("sessions over HTTP", async (t) => {
  await using server = await startServer({ ...CHEAP, LOGIN_ATTEMPTS: 1_000 });
  const { url } = server;
  const alice = await CookieClient.member(url, "alice");
  const signIn = async () => {
    const browser = new CookieClient(url);
    const signedIn = await browser.must<SignedIn>(200, "POST", "/v1/login", CREDENTIALS);
    return { browser, ...signedIn };
  };

  await t.step("[S50] the list names device and place of each session, and which is one's own", async () => {
    const { body } = await new HttpClient(url).post<SignedIn>("/v1/login", {
      ...CREDENTIALS,
      transport: "body",
    });
    const { sessions } = await alice.must<LoginSessions>(200, "GET", "/v1/sessions");
    deepEqual(sessions.map(({ place, current }) => [place, current]), [["127.0.0.1", false], [
      "127.0.0.1",
      true,
    ]]);
    equal(sessions[0]?.id, body.session);
    equal(sessions[1]?.device, "Firefox on Linux");
  });

  await t.step(
    "[S49] ending a session refuses its token at once and closes its sockets, and no others",
    async () => {
      const [gone, stays] = [await signIn(), await signIn()];
      await using first = await SocketClient.greet(server.socketUrl, gone.token);
      await using second = await SocketClient.greet(server.socketUrl, gone.token);
      await using other = await SocketClient.greet(server.socketUrl, stays.token);
      await alice.must(204, "DELETE", `/v1/sessions/${gone.session}`);
      equal((await gone.browser.send("GET", "/v1/account")).status, 401);
      equal((await gone.browser.send("GET", "/v1/sessions")).status, 401);
      equal((await gone.browser.send("POST", "/v1/rooms", { title: "No" })).status, 401);
      for (const socket of [first, second]) {
        equal(
          (await socket.closed).code,
          CLOSE_CODES.unauthenticated.code,
        );
      }
      await other.call("session.ping");
      await stays.browser.must(200, "GET", "/v1/account");
      equal((await gone.browser.send("POST", "/v1/refresh")).status, 401);
      const again = await alice.send("DELETE", `/v1/sessions/${gone.session}`);
      deepEqual([again.status, again.body.reason], [404, "not_found"]);
    },
  );

  await t.step("[S48] nobody ends a session of another account", async () => {
    const mallory = await CookieClient.member(url, "mallory");
    const victim = await signIn();
    equal((await mallory.send("DELETE", `/v1/sessions/${victim.session}`)).status, 404);
    await victim.browser.must(200, "GET", "/v1/account");
  });

  await t.step("[S48] ending all others keeps one's own", async () => {
    const others = [await signIn(), await signIn()];
    const { ended } = await alice.must<{ ended: number }>(200, "DELETE", "/v1/sessions");
    ok(ended >= 2);
    for (const { browser } of others) equal((await browser.send("GET", "/v1/account")).status, 401);
    const { sessions } = await alice.must<LoginSessions>(200, "GET", "/v1/sessions");
    deepEqual(sessions.map(({ current }) => current), [true]);
  });

  await t.step(
    "[S55] signing out ends the session and takes the cookies back, and can be done twice",
    async () => {
      const { browser, token } = await signIn();
      await using socket = await SocketClient.greet(server.socketUrl, token);
      await browser.must(204, "POST", "/v1/logout");
      deepEqual([...browser.cookies.keys()], ["barrage_known"]);
      equal((await socket.closed).code, CLOSE_CODES.unauthenticated.code);
      equal((await new HttpClient(url, token).get("/v1/account")).status, 401);
      await browser.must(204, "POST", "/v1/logout");
    },
  );

  await t.step("[S55] a browser whose access token has run out signs out all the same", async () => {
    for (const lost of ["removed", "made up"]) {
      const { browser, token, session } = await signIn();
      if (lost === "removed") browser.cookies.delete("barrage");
      else browser.cookies.set("barrage", "made.up.token");
      await browser.must(204, "POST", "/v1/logout");
      deepEqual([...browser.cookies.keys()], ["barrage_known"]);
      equal((await new HttpClient(url, token).get("/v1/account")).status, 401);
      const { sessions } = await alice.must<LoginSessions>(200, "GET", "/v1/sessions");
      ok(!sessions.some(({ id }) => id === session));
    }
  });

  await t.step("[S55] a program signs out by its token, or by the ones it refreshes with", async () => {
    const program = new HttpClient(url);
    const login = async () =>
      (await program.post<SignedIn>("/v1/login", { ...CREDENTIALS, transport: "body" })).body;
    const [byToken, byRefresh] = [await login(), await login()];
    equal((await new HttpClient(url, byToken.token).post("/v1/logout", {})).status, 204);
    const { refreshToken, deviceToken } = byRefresh;
    equal((await program.post("/v1/logout", { refreshToken, deviceToken: "x".repeat(43) })).status, 204);
    equal((await new HttpClient(url, byRefresh.token).get("/v1/account")).status, 200);
    equal((await program.post("/v1/logout", { refreshToken, deviceToken })).status, 204);
    for (const { token } of [byToken, byRefresh]) {
      equal((await new HttpClient(url, token).get("/v1/account")).status, 401);
    }
  });

  await t.step("[A7] a new password, with the present one beside it, ends every other session", async () => {
    const other = await signIn();
    const path = "/v1/account/password";
    const { ended } = await alice.must<{ ended: number }>(200, "POST", path, {
      current: PASSWORD,
      password: "a quite new password",
    });
    equal(ended, 1);
    equal((await other.browser.send("GET", "/v1/account")).status, 401);
    await alice.must(200, "GET", "/v1/account");
    equal((await new CookieClient(url).send("POST", "/v1/login", CREDENTIALS)).status, 401);
    await alice.must(200, "POST", path, { current: "a quite new password", password: PASSWORD });
    const wrong = await alice.send("POST", path, { current: "wrong", password: "a quite new password" });
    deepEqual([wrong.status, wrong.body.reason], [403, "confirmation_required"]);
    const weak = await alice.send("POST", path, { password: "password1" });
    deepEqual([weak.status, weak.body.path], [422, "body.password"]);
  });

  await t.step("[A8] a password given again is good for the session that gave it", async () => {
    await alice.must(204, "POST", "/v1/account/confirm", { password: PASSWORD });
    const wrong = await alice.send("POST", "/v1/account/confirm", { password: "wrong" });
    deepEqual([wrong.status, wrong.body.reason], [403, "confirmation_required"]);
  });

  await t.step("[S49] guests, programs and nobody have no sessions to show", async () => {
    const guest = await HttpClient.guest(url);
    for (const path of ["/v1/sessions", "/v1/account"]) {
      equal((await guest.get(path)).status, 403);
      equal((await new HttpClient(url).get(path)).status, 401);
    }
  });
});

Deno.test("[S49] a session stays ended, and another goes on, when the server is killed and started again", async () => {
  await using server = await startServer(CHEAP);
  const stays = await CookieClient.member(server.url, "alice");
  const gone = new CookieClient(server.url);
  const { session } = await gone.must<SignedIn>(200, "POST", "/v1/login", CREDENTIALS);
  await stays.must(204, "DELETE", `/v1/sessions/${session}`);
  await server.kill("SIGKILL");
  await server.start();
  equal((await gone.send("GET", "/v1/account")).status, 401);
  equal((await gone.send("POST", "/v1/refresh")).status, 401);
  await stays.must(200, "GET", "/v1/account");
  await stays.must(200, "POST", "/v1/refresh");
});

Deno.test("[S40] an access token lasts no longer than its session", async () => {
  await using server = await startServer({
    ...CHEAP,
    ACCESS_TOKEN_SECONDS: 5_400,
    SESSION_IDLE_MINUTES: 90,
    SESSION_MAX_HOURS: 1,
  });
  const { body } = await new HttpClient(server.url).post<SignedIn>("/v1/accounts", {
    ...CREDENTIALS,
    transport: "body",
  });
  ok(body.expiresInMs <= body.sessionEndsInMs && body.sessionEndsInMs <= 3_600_000);
  ok(body.expiresInMs > 3_500_000);
});
