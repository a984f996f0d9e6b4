import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import type { GuestToken } from "protocol/users.ts";
import type { z } from "zod";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";

type Guest = z.infer<typeof GuestToken>;

let server: Server;
let nobody: HttpClient;

Deno.test.beforeAll(async () => {
  server = await startServer();
  nobody = new HttpClient(server.url);
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

Deno.test("[H1] a guest gets a token and a name, its own or a made-up one, and no cache keeps it", async () => {
  const named = await nobody.post<Guest>("/v1/guests", { name: "  Al\u202eice " });
  deepEqual([named.status, named.body.user.name, named.headers.get("cache-control")], [
    201,
    "Alice",
    "no-store",
  ]);
  const unnamed = await fetch(`${server.url}/v1/guests`, { method: "POST" });
  equal(unnamed.status, 201);
  const guest: Guest = await unnamed.json();
  match(guest.user.name, /^Guest [0-9A-Z]{4}$/);
  notEqual(guest.user.id, named.body.user.id);
});

Deno.test("[H1] a name that is empty, invisible, too long or no text is refused with its path", async () => {
  for (const name of ["", " \u200b ", "x".repeat(33), 7, null, ["a"]]) {
    const { status, body } = await nobody.post("/v1/guests", { name });
    deepEqual([status, body.reason, body.path], [422, "invalid_params", "body.name"]);
  }
  const { status, body } = await nobody.post("/v1/guests", { role: "operator" });
  deepEqual([status, body.path], [422, "body.role"]);
});

Deno.test("[H2] a server without guests answers 403", async () => {
  await using closed = await startServer({ GUESTS: "off" });
  const { status, body } = await new HttpClient(closed.url).post("/v1/guests", {});
  deepEqual([status, body.reason], [403, "forbidden"]);
});

Deno.test("[H3] an address gets so many guests a minute, then 429 with the time to wait", async () => {
  await using strict = await startServer({ GUESTS_PER_MINUTE: 2 });
  const client = new HttpClient(strict.url);
  equal((await client.post("/v1/guests", {})).status, 201);
  equal((await client.post("/v1/guests", {})).status, 201);
  const { status, headers, body } = await client.post("/v1/guests", {});
  deepEqual([status, body.reason], [429, "rate_limited"]);
  ok((body.retryAfterMs ?? 0) > 0 && (body.retryAfterMs ?? 0) <= 30_000);
  const seconds = Number(headers.get("retry-after"));
  ok(seconds >= (body.retryAfterMs ?? 0) / 1_000 && seconds <= 30);
});

Deno.test("[H3] a refused body takes nothing from the limit", async () => {
  await using strict = await startServer({ GUESTS_PER_MINUTE: 1 });
  const client = new HttpClient(strict.url);
  equal((await client.post("/v1/guests", { name: "" })).status, 422);
  equal((await client.post("/v1/guests", {})).status, 201);
});
