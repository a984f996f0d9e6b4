import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Account, Profile, SignedIn } from "protocol/accounts.ts";
import { CLOSE_CODES } from "protocol/close_codes.ts";
import type { MessagePage } from "protocol/rooms.ts";
import type { z } from "zod";
import { CHEAP, CookieClient, PASSWORD } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";

Deno.test("making accounts", async (t) => {
  await using server = await startServer(CHEAP);
  const { url } = server;
  const program = new HttpClient(url);

  await t.step("[A1] whoever makes an account is signed in, under a login that is his alone", async () => {
    const { status, headers, body } = await program.post<SignedIn>("/v1/accounts", {
      login: "Alice",
      password: PASSWORD,
      name: "Alice in W.",
      transport: "body",
    });
    equal(status, 201);
    equal(headers.get("location"), "/v1/account");
    equal(headers.get("cache-control"), "no-store");
    equal(headers.get("set-cookie"), null);
    equal(body.user.name, "Alice in W.");
    const { body: account } = await new HttpClient(url, body.token).get<Account>("/v1/account");
    deepEqual([account.login, account.role, account.hasPassword], ["alice", "user", true]);
    for (const login of ["alice", "ALICE"]) {
      const taken = await program.post("/v1/accounts", { login, password: PASSWORD, transport: "body" });
      deepEqual([taken.status, taken.body.reason], [409, "conflict"]);
    }
  });

  await t.step("[A1] without a name one is called by one's login", async () => {
    const bob = await CookieClient.member(url, "bob");
    const { user } = await bob.must<{ user: { name: string } }>(200, "POST", "/v1/login", {
      login: "bob",
      password: PASSWORD,
    });
    equal(user.name, "bob");
  });

  await t.step("[A2] a guest who makes an account keeps the id, the rooms and what was said", async () => {
    const guest = await HttpClient.guest(url, "Gustav");
    const room = await guest.room({}, "Of a guest");
    await guest.post(`/v1/rooms/${room.id}/messages`, { text: "said as a guest" });
    await using socket = await SocketClient.greet(server.socketUrl, guest.token);
    const { status, body } = await guest.post<SignedIn>("/v1/accounts", {
      login: "gustav",
      password: PASSWORD,
      transport: "body",
    });
    equal(status, 201);
    deepEqual(body.user, { id: room.owner.id, name: "Gustav" });
    // The guest is no more: neither its token nor its socket.
    equal((await socket.closed).code, CLOSE_CODES.unauthenticated.code);
    equal((await guest.post("/v1/rooms", { title: "Another" })).status, 401);
    const member = new HttpClient(url, body.token);
    equal((await member.patch(`/v1/rooms/${room.id}`, { title: "Of a member" })).status, 200);
    const said = await member.get<z.infer<typeof MessagePage>>(
      `/v1/rooms/${room.id}/messages?after=0&limit=10`,
    );
    deepEqual(said.body.items.map(({ user }) => user.id), [body.user.id]);
    await using own = await SocketClient.greet(server.socketUrl, body.token);
    await own.call("room.join", { room: room.id });
  });

  await t.step("[A2] a guest whose account cannot be made stays a guest", async () => {
    const guest = await HttpClient.guest(url, "Gerda");
    const taken = await guest.post("/v1/accounts", { login: "alice", password: PASSWORD, transport: "body" });
    equal(taken.status, 409);
    equal((await guest.post("/v1/rooms", { title: "Still here" })).status, 201);
  });

  await t.step("[A2] whoever is signed in makes no further account with that", async () => {
    const carol = await CookieClient.member(url, "carol");
    const again = await carol.send("POST", "/v1/accounts", { login: "carol2", password: PASSWORD });
    deepEqual([again.status, again.body.reason], [409, "conflict"]);
  });

  await t.step(
    "[A3] names and logins that look like others, or like those in charge, are refused",
    async () => {
      for (
        const [field, value] of [
          ["login", "аlice"],
          ["login", "ａlice"],
          ["login", "admin"],
          ["login", "al\r\nice"],
          ["name", "Аlice"],
          ["name", "Administrator"],
          ["name", "ѕуѕтем"],
          ["name", "系统管理员"],
        ] as const
      ) {
        const { status, body } = await program.post("/v1/accounts", {
          login: "mallory",
          password: PASSWORD,
          transport: "body",
          [field]: value,
        });
        deepEqual([status, body.reason, body.path], [422, "invalid_params", `body.${field}`], value);
      }
      const guest = await program.post("/v1/guests", { name: "Moderator" });
      deepEqual([guest.status, guest.body.path], [422, "body.name"]);
    },
  );

  await t.step("[A19] a password is long enough, not endless, and not what is guessed first", async () => {
    const choose = (password: string) =>
      program.post("/v1/accounts", { login: "dave", password, transport: "body" });
    for (const password of ["seven77", "x".repeat(1_025), "é".repeat(600), "password1", "DAVE"]) {
      const { status, body } = await choose(password);
      deepEqual([status, body.path], [422, "body.password"], password.slice(0, 20));
    }
    const { status, body } = await choose("x".repeat(1_048_576));
    deepEqual([status, body.reason], [413, "too_large"]);
    ok(!JSON.stringify(body).includes("xxxx"));
    equal((await choose("é".repeat(512))).status, 201);
  });

  await t.step("[A5] a profile shows what its owner lets others see", async () => {
    const erin = await CookieClient.member(url, "erin");
    const account = await erin.must<Account>(200, "PATCH", "/v1/account", {
      bio: "About\u202e me",
      privacy: { bio: "members" },
    });
    equal(account.bio, "About me");
    const seen = async (client: HttpClient) => (await client.get<Profile>(`/v1/users/${account.id}`)).body;
    deepEqual(await seen(program), {
      id: account.id,
      login: "erin",
      name: "erin",
      createdAt: account.createdAt,
    });
    const guest = await HttpClient.guest(url);
    equal((await seen(guest)).bio, undefined);
    const member = await program.post<SignedIn>("/v1/accounts", {
      login: "frank",
      password: PASSWORD,
      transport: "body",
    });
    equal((await seen(new HttpClient(url, member.body.token))).bio, "About me");
    const nobody = await program.get("/v1/users/01ARZ3NDEKTSV4RRFFQ69G5FAV");
    deepEqual([nobody.status, nobody.body.reason], [404, "not_found"]);
  });

  await t.step("[A6] a new name shows at once: the answer has a token that tells it", async () => {
    const grace = await CookieClient.member(url, "grace");
    const before = grace.cookies.get("barrage");
    const renamed = await grace.must<Account & { token: string }>(200, "PATCH", "/v1/account", {
      name: "Gracie",
    });
    equal(renamed.name, "Gracie");
    ok(grace.cookies.get("barrage") !== before && grace.cookies.get("barrage") === renamed.token);
    const { owner } = await grace.must<{ owner: { name: string } }>(201, "POST", "/v1/rooms", {
      title: "Mine",
    });
    equal(owner.name, "Gracie");
    const same = await grace.must<Account & { token?: string }>(200, "PATCH", "/v1/account", {
      bio: "hello",
    });
    equal(same.token, undefined);
    // Whoever sent its token in a header gets no cookie.
    const bearer = await new HttpClient(url, renamed.token).patch<{ token: string }>("/v1/account", {
      name: "G.",
    });
    equal(bearer.headers.get("set-cookie"), null);
    match(bearer.body.token, /^ey/);
  });

  await t.step("[A9] a removed account is gone, and its login is nobody's", async () => {
    const henry = await CookieClient.member(url, "henry");
    const { id } = await henry.must<Account>(200, "GET", "/v1/account");
    const thief = henry.copy("barrage");
    await henry.must(204, "DELETE", "/v1/account");
    equal(henry.cookies.size, 0);
    equal((await thief.send("GET", "/v1/account")).status, 401);
    equal((await program.get(`/v1/users/${id}`)).status, 410);
    const again = await program.post("/v1/accounts", {
      login: "henry",
      password: PASSWORD,
      transport: "body",
    });
    equal(again.status, 409);
    const signIn = await program.post("/v1/login", { login: "henry", password: PASSWORD, transport: "body" });
    equal(signIn.status, 401);
  });
});

Deno.test("[A17] an address makes ACCOUNTS_PER_MINUTE accounts, and tries LOGINS_PER_MINUTE passwords", async () => {
  await using server = await startServer({ ...CHEAP, ACCOUNTS_PER_MINUTE: 2, LOGINS_PER_MINUTE: 3 });
  const program = new HttpClient(server.url);
  const make = (login: string) =>
    program.post("/v1/accounts", { login, password: PASSWORD, transport: "body" });
  deepEqual([(await make("ann")).status, (await make("ann")).status], [201, 409]);
  const { status, body, headers } = await make("ben");
  deepEqual([status, body.reason], [429, "rate_limited"]);
  ok(Number(headers.get("retry-after")) > 0);
  const login = (name: string) =>
    program.post("/v1/login", { login: name, password: PASSWORD, transport: "body" });
  const statuses = [];
  for (const name of ["ann", "nobody", "else", "ann"]) statuses.push((await login(name)).status);
  deepEqual(statuses, [200, 401, 401, 429]);
});

Deno.test("[A18] an address gets GUESTS_PER_DAY guest tokens a day, besides those of a minute", async () => {
  const many = 500;
  await using server = await startServer({ GUESTS_PER_MINUTE: many, GUESTS_PER_DAY: many });
  const client = new HttpClient(server.url);
  const take = () => client.post("/v1/guests", {});
  for (let n = 0; n < many; n += 50) await Promise.all(Array.from({ length: 50 }, take));
  // The minute's bucket gives one more every 120 ms, the day's every 173 s.
  const deadline = performance.now() + 10_000;
  for (;;) {
    const { status, headers } = await take();
    equal(status, 429);
    if (Number(headers.get("retry-after")) > 60) return;
    ok(performance.now() < deadline, "the day's bound does not show");
  }
});
