import { deepEqual, equal, ok } from "node:assert/strict";
import type { SignedIn } from "protocol/accounts.ts";
import { openSqlite } from "storage/sqlite.ts";
import { CHEAP, CookieClient, PASSWORD } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";

const GENEROUS = { LOGIN_ATTEMPTS: 1_000 };

function signIn(server: Server, login: string, password: string) {
  return new HttpClient(server.url).post<SignedIn>("/v1/login", { login, password, transport: "body" });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** What only somebody beside the server sees: its audit log. */
async function audited(server: Server) {
  await using storage = await openSqlite({ path: `${server.dataDir}/barrage.db` });
  return (await storage.audit.list({ limit: 1_000 })).reverse();
}

Deno.test("[A16] nobody learns from the answer or its time whether there is an account", async () => {
  // So that hashing is nearly all there is to the time.
  await using server = await startServer({
    ...GENEROUS,
    PASSWORD_MEMORY_KIB: 32_768,
    PASSWORD_ITERATIONS: 2,
  });
  await CookieClient.member(server.url, "alice");
  const removed = await CookieClient.member(server.url, "removed");
  await removed.must(204, "DELETE", "/v1/account");
  const kinds = ["alice", "removed", "nobody", "no such login at all", "nobody@example.org"];
  const times = new Map<string, number[]>(kinds.map((login) => [login, []]));
  const answers = new Set<string>();
  await signIn(server, "nobody", "warm up");
  for (let round = 0; round < 7; round++) {
    for (const login of kinds) {
      const since = performance.now();
      const { status, headers, body } = await signIn(server, login, `wrong ${round}`);
      times.get(login)!.push(performance.now() - since);
      const seen = [...headers.keys()].filter((name) => name !== "date").sort();
      answers.add(JSON.stringify([status, body, seen]));
    }
  }
  deepEqual(answers.size, 1);
  const medians = kinds.map((login) => median(times.get(login)!));
  // Without hashing an answer takes a hundredth of the time.
  ok(Math.max(...medians) < 3 * Math.min(...medians), medians.join());
});

Deno.test("[A15] of 1,000 attempts at one password ten are tried, the right one among the others does not help", async () => {
  await using server = await startServer(CHEAP);
  await CookieClient.member(server.url, "alice");
  const attack = async (login: string, right: string) => {
    const reasons = new Map<string, number>();
    for (let n = 0; n < 500; n += 50) {
      const batch = Array.from(
        { length: 50 },
        (_, i) => signIn(server, login, n + i < 20 ? `guess ${i}` : right),
      );
      for (const { status, body, headers } of await Promise.all(batch)) {
        const reason = status === 200 ? "in" : (body as unknown as { reason: string }).reason;
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        if (status === 429) ok(Number(headers.get("retry-after")) > 0);
      }
      const health = await fetch(`${server.url}/healthz`);
      equal(health.status, 200);
      await health.body?.cancel();
    }
    return reasons;
  };
  // The first batch may begin with any of its attempts.
  const known = await attack("Alice", PASSWORD);
  const unknown = await attack("nobody", PASSWORD);
  equal((known.get("in") ?? 0) + (known.get("unauthenticated") ?? 0), 10);
  equal(known.get("rate_limited"), 490);
  deepEqual([...unknown], [["unauthenticated", 10], ["rate_limited", 490]]);
  equal((await signIn(server, " ALICE ", PASSWORD)).status, 429);
  await server.kill("SIGTERM");
  const events = (await audited(server)).map(({ event }) => event);
  // An attack does not fill the log.
  ok(events.includes("login.throttled") && events.length <= 20, events.join());
  await server.start();
});

Deno.test("[A15] who is signed in guesses no better: the password given again is counted likewise", async () => {
  await using server = await startServer(CHEAP);
  const alice = await CookieClient.member(server.url, "alice");
  const reasons = [];
  for (let n = 0; n < 11; n++) {
    const path = n % 2 === 0 ? "/v1/account/confirm" : "/v1/account/password";
    const body = n % 2 === 0 ? { password: "wrong" } : { current: "wrong", password: "a new password" };
    reasons.push((await alice.send("POST", path, body)).body.reason);
  }
  deepEqual(reasons, [...Array(10).fill("confirmation_required"), "rate_limited"]);
  equal(
    (await alice.send("POST", "/v1/account/confirm", { password: PASSWORD })).body.reason,
    "rate_limited",
  );
});

Deno.test("[A20] a password hashed with former parameters is hashed anew when it is next given", async () => {
  await using server = await startServer(CHEAP);
  await CookieClient.member(server.url, "alice");
  await server.kill("SIGTERM");
  const stored = async () => {
    await using storage = await openSqlite({ path: `${server.dataDir}/barrage.db` });
    return (await storage.accounts.credentials("alice"))?.password ?? "";
  };
  const before = await stored();
  ok(before.includes("m=8192,t=1,"));
  await server.restart({ PASSWORD_MEMORY_KIB: 16_384, PASSWORD_ITERATIONS: 2 });
  equal((await signIn(server, "alice", "wrong")).status, 401);
  equal((await signIn(server, "alice", PASSWORD)).status, 200);
  equal((await signIn(server, "alice", PASSWORD)).status, 200);
  await server.kill("SIGTERM");
  ok((await stored()).includes("m=16384,t=2,"));
  await server.start();
});

Deno.test("[A21] what is written down of a failed sign-in is who was meant and from where, and no secret", async () => {
  await using server = await startServer(CHEAP);
  await CookieClient.member(server.url, "alice");
  await signIn(server, "alice", "wrong secret");
  await signIn(server, "my real password", "in the wrong field");
  await server.kill("SIGTERM");
  const lines = (await audited(server)).filter(({ event }) => event === "login.failed");
  deepEqual(lines.map(({ actor, address }) => [actor, address]), Array(2).fill(["anonymous", "127.0.0.1"]));
  const text = JSON.stringify(lines) + server.errorOutput;
  for (const secret of ["wrong secret", "my real password", "in the wrong field"]) {
    ok(!text.includes(secret), secret);
  }
  await server.start();
});
