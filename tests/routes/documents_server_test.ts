import { deepEqual, equal, match, ok } from "node:assert/strict";
import { METHODS, NOTIFICATIONS } from "protocol/methods.ts";
import { OPEN, ROUTES } from "tests/permissions/http.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";

interface Operation {
  readonly responses: Record<string, { content?: Record<string, unknown> }>;
  readonly parameters?: readonly { name: string; in: string }[];
}

interface OpenApi {
  readonly openapi: string;
  readonly info: { title: string; version: string };
  readonly paths: Record<string, Record<string, Operation>>;
}

let server: Server;
let nobody: HttpClient;

Deno.test.beforeAll(async () => {
  server = await startServer();
  nobody = new HttpClient(server.url);
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

Deno.test("[H50] openapi.json is OpenAPI 3.1: every reference leads somewhere, every path parameter is declared", async () => {
  const { status, body } = await nobody.get<OpenApi>("/v1/openapi.json");
  equal(status, 200);
  match(body.openapi, /^3\.1\.\d+$/);
  ok(body.info.title.length > 0 && body.info.version.length > 0);
  for (const ref of references(body)) ok(resolve(body, ref) !== undefined, `${ref} leads nowhere`);
  for (const [path, operations] of Object.entries(body.paths)) {
    for (const [method, { responses, parameters = [] }] of Object.entries(operations)) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
      deepEqual(declared, named, `${method} ${path}`);
      ok(
        Object.keys(responses).some((status) => /^[23]\d\d$/.test(status)),
        `${method} ${path} has no success`,
      );
    }
  }
});

Deno.test("[H50] every route that answers is described, and every described one answers", async () => {
  const { paths } = (await nobody.get<OpenApi>("/v1/openapi.json")).body;
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path}`)
  );
  deepEqual(described.sort(), [...Object.keys(ROUTES), ...OPEN].sort());
  for (const name of described) {
    const [method = "", path = ""] = name.split(" ");
    const url = `${server.url}${path.replaceAll(/\{\w+\}/g, "lobby")}`;
    const response = await fetch(url, { method: method.toUpperCase(), redirect: "manual" });
    const text = await response.text();
    ok(!text.includes("unknown_method") && response.status < 500, `${name} answers ${response.status}`);
  }
});

Deno.test("[H50] failures are described as problems wherever they can happen", async () => {
  const { paths } = (await nobody.get<OpenApi>("/v1/openapi.json")).body;
  for (const [path, operations] of Object.entries(paths)) {
    if (!path.startsWith("/v1/")) continue;
    for (const { responses } of Object.values(operations)) {
      ok(responses["default"]?.content?.["application/problem+json"] !== undefined, path);
    }
  }
});

Deno.test("[H51] openrpc.json lists every call and every notification", async () => {
  type Named = { readonly name: string }[];
  const { body } = await nobody.get<{ openrpc: string; methods: Named; "x-notifications": Named }>(
    "/v1/openrpc.json",
  );
  match(body.openrpc, /^1\.\d+\.\d+$/);
  deepEqual(body.methods.map(({ name }) => name), Object.keys(METHODS));
  deepEqual(body["x-notifications"].map(({ name }) => name), Object.keys(NOTIFICATIONS));
});

Deno.test("[H52] healthz says that the process lives, readyz that it owns its shards and reaches its stores", async () => {
  deepEqual((await nobody.get<unknown>("/healthz")).body, { status: "ok" });
  const before = Date.now();
  const { status, body } = await nobody.get<{ busSince: number }>("/readyz");
  const { busSince, ...rest } = body;
  equal(status, 200);
  ok(busSince <= before);
  deepEqual(rest, {
    status: "ready",
    accepting: true,
    shards: 256,
    bus: "connected",
    busDisconnects: { memory: 0 },
    busLost: 0,
    database: "reachable",
    cache: "memory",
    switches: [],
  });
});

Deno.test("[H53] the metrics are in the Prometheus format, under the names that dashboards use", async () => {
  const { headers, body } = await nobody.get<string>("/metrics");
  match(headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const types = [...body.matchAll(/^# TYPE (\S+) (counter|gauge)$/gm)].map(([, name]) => name);
  for (
    const name of [
      "barrage_commands_total",
      "barrage_turns_total",
      "barrage_actor_restarts_total",
      "barrage_actor_passivations_total",
      "barrage_shards",
      "barrage_commit_transactions_total",
      "barrage_commit_units_total",
      "barrage_commit_waiting",
      "barrage_connections",
      "barrage_sockets",
      "barrage_event_streams",
      "barrage_viewers",
      "barrage_watched_rooms",
      "barrage_chat_sockets",
      "barrage_chat_conversations",
      "barrage_drops_total",
      "barrage_actors",
      "barrage_mailbox_waiting",
      "barrage_bus_connected",
      "barrage_bus_lost_total",
      "barrage_bus_dropped_total",
      "barrage_bus_unconfirmed_total",
      "barrage_bus_disconnects_total",
      "barrage_node_epoch",
      "barrage_shards_by_epoch",
    ]
  ) ok(types.includes(name), `${name} is missing`);
});

Deno.test("[H54] pages come with headers that keep foreign scripts, frames and guesses out", async () => {
  for (const path of ["/", "/rooms/01JD3Y4B6V8Q2Z5K7M9N0P1R2S", "/login", "/account", "/docs"]) {
    const { status, headers } = await nobody.get<string>(path);
    equal(status, 200, path);
    match(headers.get("content-type") ?? "", /^text\/html/);
    const policy = headers.get("content-security-policy") ?? "";
    match(policy, /default-src 'self'/);
    match(policy, /frame-ancestors 'none'/);
    const scripts = /(?:script-src|default-src)[^;]*/g;
    for (const [directive] of policy.matchAll(scripts)) {
      ok(!directive.includes("unsafe"), `${path}: ${directive}`);
    }
    equal(headers.get("x-content-type-options"), "nosniff");
    ok(headers.get("x-frame-options") !== null && headers.get("referrer-policy") !== null);
  }
});

Deno.test("[H55] answers are taken for nothing else, and kept by no cache that was not told to", async () => {
  const { body: guest } = await nobody.post<{ token: string }>("/v1/guests", {});
  const someone = new HttpClient(server.url, guest.token);
  const room = await someone.room();
  const user = room.owner.id;
  const answers: [HttpClient, string, number][] = [
    [nobody, "/healthz", 200],
    [nobody, "/readyz", 200],
    [nobody, "/metrics", 200],
    [nobody, "/nothing", 404],
    [nobody, "/v1/nothing", 404],
    [nobody, "/v1/embeddings", 404],
    [nobody, "/v1/rooms", 200],
    [nobody, `/v1/rooms/${room.id}/messages`, 200],
    [nobody, `/v1/users/${user}`, 404],
    [nobody, "/v1/account", 401],
    [nobody, "/v1/models", 401],
    [someone, "/v1/account", 403],
    [someone, "/v1/rooms?limit=x", 422],
    [new HttpClient(server.url, "bk_nonsense"), "/v1/rooms", 401],
  ];
  const told = ({ headers }: { headers: Headers }) => [
    headers.get("x-content-type-options"),
    headers.get("cache-control"),
  ];
  for (const [client, path, status] of answers) {
    const answer = await client.get(path);
    deepEqual([answer.status, ...told(answer)], [status, "nosniff", "no-store"], path);
  }
  const path = `/v1/rooms/${room.id}`;
  deepEqual(told(await nobody.get(path)), ["nosniff", "public, max-age=1"]);
  deepEqual(told(await someone.get(path)), ["nosniff", "private, no-cache"]);
  deepEqual(told(await nobody.get("/.well-known/jwks.json")), ["nosniff", "public, max-age=60"]);
});

Deno.test("[H54] pages hold no script of their own that the policy would have to allow", async () => {
  for (const path of ["/", "/login", "/docs"]) {
    const { body } = await nobody.get<string>(path);
    for (const [script] of body.matchAll(/<script\b[^>]*>/g)) match(script, /\bsrc="\/assets\//);
    ok(!/\son\w+="/.test(body));
  }
});

function references(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    key === "$ref" && typeof child === "string" ? [child] : references(child)
  );
}

function resolve(document: unknown, ref: string): unknown {
  return ref.split("/").slice(1).reduce<unknown>(
    (value, key) => (value as Record<string, unknown> | undefined)?.[key],
    document,
  );
}
