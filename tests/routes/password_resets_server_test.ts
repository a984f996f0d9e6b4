import { deepEqual, equal, ok } from "node:assert/strict";
import { CHEAP, CookieClient, PASSWORD } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { Outbox } from "tests/support/outbox.ts";
import { type Server, startServer } from "tests/support/server.ts";

const SETTINGS = {
  ...CHEAP,
  MAIL_OUTBOX: "on",
  CODE_EVERY_SECONDS: 0,
  CODES_PER_MINUTE: 10_000,
  CODE_TRIES_PER_MINUTE: 10_000,
  CODES_PER_HOUR: 10_000,
};
const NEW = "a new password entirely";

/** Alice, with an e-mail address. */
async function withAlice(server: Server) {
  const alice = await CookieClient.member(server.url, "alice");
  const outbox = new Outbox(server.dataDir);
  await alice.must(202, "POST", "/v1/account/contacts", { kind: "email", address: "alice@example.org" });
  const { code } = await outbox.next();
  await alice.must(200, "POST", "/v1/account/contacts/confirm", { code });
  return { alice, outbox, nobody: new HttpClient(server.url) };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function wrong(code: string): string {
  return String((Number(code) + 1) % 100_000_000).padStart(8, "0");
}

Deno.test("[A45] [A46] who has lost the password sets a new one with a code, and every session ends", async () => {
  await using server = await startServer(SETTINGS);
  const { alice, outbox, nobody } = await withAlice(server);
  for (const login of ["alice", " Alice@Example.org"]) {
    equal((await nobody.post("/v1/password-resets", { login })).status, 202);
    const { to, code } = await outbox.next();
    equal(to, "alice@example.org");
    const refused = await nobody.post("/v1/password-resets/confirm", {
      login,
      code: wrong(code),
      password: NEW,
    });
    equal(refused.body.reason, "forbidden");
    const path = "/v1/password-resets/confirm";
    equal((await nobody.post(path, { login, code, password: "12345678" })).status, 422);
    equal((await nobody.post(path, { login, code, password: NEW })).status, 204);
    equal((await nobody.post(path, { login, code, password: PASSWORD })).body.reason, "forbidden");
  }
  equal((await alice.send("GET", "/v1/account")).status, 401);
  equal(
    (await nobody.post("/v1/login", { login: "alice", password: PASSWORD, transport: "body" })).status,
    401,
  );
  equal((await nobody.post("/v1/login", { login: "alice", password: NEW, transport: "body" })).status, 200);
});

Deno.test("[A45] whether there is such an account is told by neither the answer nor its time", async () => {
  // Hashing one code takes so long that an answer which waits for anything at all would show.
  await using server = await startServer({
    ...SETTINGS,
    PASSWORD_MEMORY_KIB: 131_072,
    PASSWORD_ITERATIONS: 4,
  });
  const { outbox, nobody } = await withAlice(server);
  const logins = ["alice", "nobody", "alice@example.org", "nobody@example.org"];
  const times = new Map<string, number[]>(logins.map((login) => [login, []]));
  const answers = new Set<string>();
  for (let round = 0; round < 3; round++) {
    for (const login of logins) {
      const since = performance.now();
      const { status, headers, body } = await nobody.post("/v1/password-resets", { login });
      times.get(login)!.push(performance.now() - since);
      answers.add(
        JSON.stringify([status, body, [...headers.keys()].filter((name) => name !== "date").sort()]),
      );
    }
  }
  equal(answers.size, 1);
  const medians = logins.map((login) => median(times.get(login)!));
  ok(Math.max(...medians) < 100, medians.join());
  for (let n = 0; n < 6; n++) equal((await outbox.next()).to, "alice@example.org");
});

Deno.test("[A46] a wrong code, an old one and an unknown login are refused in the same words after the same time", async () => {
  await using server = await startServer(SETTINGS);
  const { outbox, nobody } = await withAlice(server);
  const refuse = async (login: string, code: string) => {
    const since = performance.now();
    const { status, body } = await nobody.post("/v1/password-resets/confirm", { login, code, password: NEW });
    return { took: performance.now() - since, answer: JSON.stringify([status, body]) };
  };
  await nobody.post("/v1/password-resets", { login: "alice" });
  const { code } = await outbox.next();
  const refusals = [];
  // Five are of a code that is there, two of one that is not any more.
  for (let n = 0; n < 7; n++) refusals.push(await refuse("alice", n < 6 ? wrong(code) : code));
  for (const login of ["nobody", "nobody@example.org"]) refusals.push(await refuse(login, code));
  equal(new Set(refusals.map(({ answer }) => answer)).size, 1);
  ok(refusals[0]!.answer.includes("forbidden"));
  const times = refusals.map(({ took }) => took);
  ok(Math.min(...times) >= 390 && Math.max(...times) < 700, times.join());
});

Deno.test("[A45] one who asks too often for the same login is told to wait, account or not", async () => {
  await using server = await startServer({ ...SETTINGS, CODES_PER_HOUR: 2 });
  const { outbox, nobody } = await withAlice(server);
  for (const login of ["alice", "nobody"]) {
    const statuses = [];
    for (let n = 0; n < 3; n++) statuses.push((await nobody.post("/v1/password-resets", { login })).status);
    deepEqual(statuses, [202, 202, 429], login);
  }
  for (let n = 0; n < 2; n++) await outbox.next();
});
