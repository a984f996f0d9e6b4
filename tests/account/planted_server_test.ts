import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import type { LoginSessions, SignedIn } from "protocol/accounts.ts";
import { CHEAP, CookieClient, PASSWORD } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { RawSocket } from "tests/support/raw_socket.ts";
import { startServer } from "tests/support/server.ts";

Deno.test("what others plant, forge or smuggle in", async (t) => {
  await using server = await startServer(CHEAP);
  const { url } = server;
  const alice = await CookieClient.member(url, "alice");

  await t.step("[S52] nothing that was there before signing in is good after it", async () => {
    const attacker = await CookieClient.member(url, "mallory");
    const victim = attacker.copy("barrage", "barrage_refresh", "barrage_device");
    const planted = new Map(victim.cookies);
    const { session } = await victim.must<SignedIn>(200, "POST", "/v1/login", {
      login: "alice",
      password: PASSWORD,
    });
    for (const [name, value] of planted) notEqual(victim.cookies.get(name), value, name);
    ok(!planted.get("barrage_refresh")!.includes(session));
    const { login } = await victim.must<{ login: string }>(200, "GET", "/v1/account");
    equal(login, "alice");
    // The planted device secret opens the new session no more than any other.
    const forged = attacker.copy("barrage_device");
    forged.cookies.set("barrage_refresh", victim.cookies.get("barrage_refresh")!);
    equal((await forged.send("POST", "/v1/refresh")).status, 401);
    await victim.must(200, "POST", "/v1/refresh");
  });

  await t.step("[S52] signing in anew in the same browser ends the session that was there", async () => {
    const browser = new CookieClient(url);
    const first = await browser.must<SignedIn>(200, "POST", "/v1/login", {
      login: "alice",
      password: PASSWORD,
    });
    const second = await browser.must<SignedIn>(200, "POST", "/v1/login", {
      login: "alice",
      password: PASSWORD,
    });
    equal((await new HttpClient(url, first.token).get("/v1/account")).status, 401);
    const { sessions } = await browser.must<LoginSessions>(200, "GET", "/v1/sessions");
    ok(sessions.some(({ id, current }) => id === second.session && current));
    ok(!sessions.some(({ id }) => id === first.session));
  });

  await t.step("[S54] another site makes nobody sign in, register, refresh or sign out", async () => {
    const browser = new CookieClient(url);
    await browser.must(200, "POST", "/v1/login", { login: "alice", password: PASSWORD });
    const before = new Map(browser.cookies);
    const { origin, "user-agent": userAgent } = browser.headers as { origin: string; "user-agent": string };
    for (
      const headers of [
        { origin: "https://evil.example" },
        { origin: "null" },
        { origin: url.replace("127.0.0.1", "localhost") },
        { "sec-fetch-site": "cross-site" },
        {} as Record<string, string>,
      ]
    ) {
      for (const key of Object.keys(browser.headers)) delete browser.headers[key];
      Object.assign(browser.headers, headers);
      for (
        const [method, path, body] of [
          ["POST", "/v1/login", { login: "alice", password: PASSWORD }],
          ["POST", "/v1/accounts", { login: "new-one", password: PASSWORD }],
          ["POST", "/v1/refresh", undefined],
          ["POST", "/v1/logout", undefined],
          ["PATCH", "/v1/account", { bio: "hacked" }],
          ["DELETE", "/v1/account", undefined],
          ["DELETE", "/v1/sessions", undefined],
          ["POST", "/v1/account/confirm", { password: PASSWORD }],
          ["POST", "/v1/account/password", { current: PASSWORD, password: "another password" }],
        ] as const
      ) {
        const { status, body: problem } = await browser.send(method, path, body);
        deepEqual(
          [status, problem.reason],
          [403, "forbidden"],
          `${method} ${path} ${JSON.stringify(headers)}`,
        );
      }
    }
    deepEqual(browser.cookies, before);
    Object.assign(browser.headers, { origin, "user-agent": userAgent });
    await browser.must(200, "GET", "/v1/account");
    Object.assign(browser.headers, { "sec-fetch-site": "same-origin" });
    delete browser.headers["origin"];
    await browser.must(204, "POST", "/v1/logout");
  });

  await t.step("[A22] line ends in names and headers never become headers of the answer", async () => {
    const program = new HttpClient(url);
    const smuggled = "x\r\nset-cookie: a=planted\r\n\r\n<script>";
    const made = await program.post<SignedIn>("/v1/accounts", {
      login: "eve",
      name: smuggled.slice(0, 30),
      password: PASSWORD,
      transport: "body",
    });
    equal(made.status, 201);
    ok(!/[\r\n]/.test(made.body.user.name));
    equal(made.headers.get("set-cookie"), null);
    for (const login of [smuggled, "eve\r\n", "\0"]) {
      const { status, headers } = await program.post("/v1/login", {
        login,
        password: PASSWORD,
        transport: "body",
      });
      equal(status, login === "eve\r\n" ? 200 : 401);
      equal(headers.get("set-cookie"), null);
    }
    const body = JSON.stringify({ login: "alice", password: PASSWORD });
    for (
      const userAgent of ["Evil\tX-Injected: yes", "Evil\u0001\nX-Injected: yes", "Evil\r X-Injected: yes"]
    ) {
      using answer = await RawSocket.request(
        server.port,
        [
          "POST /v1/login HTTP/1.1",
          `Host: 127.0.0.1:${server.port}`,
          `Origin: ${url}`,
          `User-Agent: ${userAgent}`,
          "Content-Type: application/json",
          `Content-Length: ${body.length}`,
          "Connection: close",
          "",
          body,
        ].join("\r\n"),
      );
      ok([200, 400].includes(answer.status), String(answer.status));
      equal(answer.headers.get("x-injected"), null);
    }
    const { sessions } = await alice.must<LoginSessions>(200, "GET", "/v1/sessions");
    for (const { device } of sessions) ok(/^[\x20-\x7e]*$/.test(device), device);
  });
});
