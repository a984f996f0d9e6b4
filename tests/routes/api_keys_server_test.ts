import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import type { ApiKeys, NewApiKey } from "protocol/api_keys.ts";
import { CLOSE_CODES } from "protocol/close_codes.ts";
import type { Problem } from "protocol/problem.ts";
import type { Room } from "protocol/rooms.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { z } from "zod";
import { Site } from "tests/permissions/site.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";

type Created = z.infer<typeof NewApiKey>;
type Listed = z.infer<typeof ApiKeys>;

let site: Site;

Deno.test.beforeAll(async () => {
  site = await Site.start();
});
Deno.test.afterAll(() => site[Symbol.asyncDispose]());

Deno.test("[U5] a key's text is in the answer that made it, not to be cached, and in no list", async () => {
  const body = { name: " Song  bot ", scopes: ["messages", "rooms", "messages"], days: 7 };
  const made = await site.as("operator").post<Created>("/v1/api-keys", body);
  equal(made.status, 201);
  equal(made.headers.get("cache-control"), "no-store");
  const { key, ...view } = made.body;
  match(key, new RegExp(`^bk_${view.id}_[\\w-]{43}$`));
  deepEqual([view.name, view.scopes, view.expiresAt - view.createdAt], [
    "Song  bot",
    ["messages", "rooms"],
    7 * 86_400_000,
  ]);
  const { body: listed } = await site.as("operator").get<Listed>("/v1/api-keys?limit=1");
  deepEqual(listed.keys, [view]);
  ok(listed.next);
  const { body: rest } = await site.as("operator").get<Listed>(`/v1/api-keys?before=${listed.next}`);
  equal(rest.keys.some(({ id }) => id === view.id), false);
  equal(rest.next, undefined);
});

Deno.test("[U5] a key that makes no sense is refused with the path", async () => {
  const bad: [object, string][] = [
    [{ name: "", scopes: ["rooms"] }, "body.name"],
    [{ name: "Bot", scopes: [] }, "body.scopes"],
    [{ name: "Bot", scopes: ["everything"] }, "body.scopes.0"],
    [{ name: "Bot", scopes: ["rooms"], days: 0 }, "body.days"],
    [{ name: "Bot", scopes: ["rooms"], days: 3_651 }, "body.days"],
    [{ name: "Bot", scopes: ["rooms"], key: "mine" }, "body.key"],
  ];
  for (const [body, path] of bad) {
    const { status, body: problem } = await site.as("operator").post("/v1/api-keys", body);
    deepEqual([status, problem.path], [422, path]);
  }
});

Deno.test("[U6] a key gives no scope that it does not have itself", async () => {
  const { key } = await site.key("keys", "messages");
  const program = new HttpClient(site.server.url, key);
  const asked = (...scopes: string[]) => program.post("/v1/api-keys", { name: "Child", scopes });
  equal((await asked("messages")).status, 201);
  equal((await asked("messages", "keys")).status, 201);
  const { status, body } = await asked("messages", "rooms");
  deepEqual([status, body.reason, body.path], [403, "forbidden", "body.scopes"]);
});

Deno.test("[U8] a revoked key is useless at once, and its sockets close; revoking again changes nothing", async () => {
  const { id, key } = await site.key("rooms", "messages");
  const { key: bystander } = await site.key("messages");
  const program = new HttpClient(site.server.url, key);
  equal((await program.get("/v1/api-keys")).status, 403);
  const headers = { authorization: `Bearer ${key}` };
  await using socket = await SocketClient.open(site.server.socketUrl, { headers });
  await using greeted = await SocketClient.greet(site.server.socketUrl, key);
  await using other = await SocketClient.greet(site.server.socketUrl, bystander);
  await socket.call("session.ping");

  const since = performance.now();
  equal((await site.as("operator").delete(`/v1/api-keys/${id}`)).status, 204);
  const { status, body } = await program.get("/v1/api-keys");
  deepEqual([status, body.reason], [401, "unauthenticated"]);
  for (const { closed } of [socket, greeted]) {
    equal((await closed).code, CLOSE_CODES.unauthenticated.code);
  }
  ok(performance.now() - since < 5_000);
  await other.call("session.ping");
  equal((await site.as("operator").delete(`/v1/api-keys/${id}`)).status, 204);
  const { body: listed } = await site.as("operator").get<Listed>("/v1/api-keys");
  ok(listed.keys.find((listed) => listed.id === id)?.revokedAt);
});

Deno.test("[U8] no key, no such key", async () => {
  const { status } = await site.as("operator").delete("/v1/api-keys/01JD3Y4B6V8Q2Z5K7M9N0P1R2S");
  equal(status, 404);
  equal((await site.as("operator").delete("/v1/api-keys/nothing")).status, 422);
});

Deno.test("[U3] a program opens a room, speaks in it, and ends another one", async () => {
  const { id, key } = await site.key("rooms", "messages");
  const program = new HttpClient(site.server.url, key);
  const room = await program.room();
  deepEqual(room.owner, { id, name: "Program" });
  equal((await program.post(`/v1/rooms/${room.id}/messages`, { text: "beep" })).status, 202);
  await using socket = await SocketClient.greet(site.server.socketUrl, key);
  const joined = await socket.call<{ recent: { user: unknown; text: string }[] }>("room.join", {
    room: room.id,
  });
  deepEqual(joined.recent.map(({ user, text }) => [user, text]), [[room.owner, "beep"]]);
  await socket.call("room.say", { room: room.id, text: "boop" });
  const theirs = await site.as("owner").room();
  const { body } = await program.patch<Room>(`/v1/rooms/${theirs.id}`, { state: "ended" });
  equal(body.state, "ended");
});

Deno.test("[U10] an address that shows bad keys is turned away for a while, its good keys too", async () => {
  await using server = await startServer({ KEY_FAILURES_PER_MINUTE: 3 });
  const good = (await Deno.readTextFile(`${server.dataDir}/operator_key`)).trim();
  const show = async (key: string) => {
    const response = await fetch(`${server.url}/v1/api-keys`, {
      headers: { authorization: `Bearer ${key}` },
    });
    const { reason }: Partial<Problem> = await response.json();
    return [response.status, reason, response.headers.has("retry-after")];
  };
  for (let n = 0; n < 4; n++) deepEqual(await show(`${good}x`), [401, "unauthenticated", false]);
  deepEqual(await show(`${good}x`), [429, "rate_limited", true]);
  deepEqual(await show(good), [429, "rate_limited", true]);
  equal((await fetch(`${server.url}/v1/rooms`)).status, 200);
});

Deno.test("[U5] [U6] of a key's secret nothing is in the database or the log; the audit log tells who made it", async () => {
  await using server = await startServer();
  const root = (await Deno.readTextFile(`${server.dataDir}/operator_key`)).trim();
  const client = new HttpClient(server.url, root);
  const { body: { id, key } } = await client.post<Created>("/v1/api-keys", {
    name: "Bot",
    scopes: ["rooms"],
  });
  await new HttpClient(server.url, key).room();
  await client.delete(`/v1/api-keys/${id}`);
  equal((await new HttpClient(server.url, key).get("/v1/api-keys")).status, 401);
  await server.kill("SIGTERM");
  const secrets = [root, key].map((text) => text.slice(-43));
  for await (const { name } of Deno.readDir(server.dataDir)) {
    if (name === "operator_key") continue;
    const bytes = new TextDecoder("latin1").decode(await Deno.readFile(`${server.dataDir}/${name}`));
    for (const secret of secrets) equal(bytes.includes(secret), false, `${name} holds a secret`);
  }
  for (const secret of secrets) doesNotMatch(server.errorOutput, new RegExp(secret));
  await using storage = await openSqlite({ path: `${server.dataDir}/barrage.db` });
  const lines = await storage.audit.list({ subject: id, limit: 9 });
  const operator = /^bk_(.{26})/.exec(root)?.[1];
  deepEqual(lines.map(({ event, actor, address }) => [event, actor, address]), [
    ["key.revoked", operator, "127.0.0.1"],
    ["key.created", operator, "127.0.0.1"],
  ]);
});
