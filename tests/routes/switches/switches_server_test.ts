import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { AuditPage } from "protocol/audit.ts";
import { METHODS } from "protocol/methods.ts";
import type { NotificationParams } from "protocol/methods.ts";
import { type Switch, SWITCHES, type SwitchName } from "protocol/switches.ts";
import type { CommandClass } from "routes/switches/command_class.ts";
import { METHOD_CLASSES } from "routes/switches/method_classes.ts";
import { ROUTE_CLASSES } from "routes/switches/route_classes.ts";
import type { z } from "zod";
import { AiServer, MODEL } from "tests/support/ai_server.ts";
import { HttpClient } from "tests/support/http_client.ts";
import type { Server } from "tests/support/server.ts";
import { CallError, SocketClient } from "tests/support/socket_client.ts";
import { operate } from "../../../ops/ops.ts";

const NOBODY = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";
const PASSWORD = "correct horse battery staple";

let ai: AiServer;
let server: Server;
let operator: HttpClient;

Deno.test.beforeAll(async () => {
  ai = await AiServer.start({ tokens: 20, tokenMs: 50, env: { SWITCH_POLL_MS: 60_000 } });
  ({ server, operator } = ai);
});
Deno.test.afterAll(() => ai[Symbol.asyncDispose]());

async function turnedOn<T>(name: SwitchName, deed: () => Promise<T>, forMs?: number): Promise<T> {
  const { status, body } = await operator.put<Switch>(
    `/v1/switches/${name}`,
    forMs === undefined ? {} : { forMs },
  );
  deepEqual([status, body.name, body.on, body.load], [200, name, true, false]);
  try {
    return await deed();
  } finally {
    const cleared = await operator.delete<Switch>(`/v1/switches/${name}`);
    deepEqual([cleared.status, cleared.body], [200, { name, on: false, load: false }]);
  }
}

async function register(login: string): Promise<HttpClient & { readonly token: string }> {
  const given = { login, password: PASSWORD, transport: "body" };
  const { body } = await new HttpClient(server.url).post<{ token: string }>("/v1/accounts", given);
  return new HttpClient(server.url, body.token) as HttpClient & { readonly token: string };
}

/** Types `line` on the server's machine. */
function type(line: string) {
  const env: Record<string, string> = { PORT: String(server.port), DATA_DIR: server.dataDir };
  return operate(line.split(" "), (name) => env[name]);
}

async function reasonOf(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return "done";
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    return error.reason;
  }
}

Deno.test("[SW7] every route of the server is classified", async () => {
  const { body } = await operator.get<{ paths: Record<string, object> }>("/v1/openapi.json");
  const routes = Object.entries(body.paths).filter(([path]) => path.startsWith("/v1/"))
    .flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method} ${path}`));
  const documents = ["get /v1/openapi.json", "get /v1/openrpc.json"];
  deepEqual(Object.keys(ROUTE_CLASSES).sort(), [...routes, ...documents].sort());
});

Deno.test("[SW8] [SW9] read-only refuses exactly the routes that write, whoever asks", async () => {
  await turnedOn("read-only", async () => {
    for (const client of [operator, new HttpClient(server.url)]) {
      for (const [route, { effect }] of Object.entries(ROUTE_CLASSES)) {
        const [method, path] = route.split(" ") as [string, string];
        // What somebody could break is not there; the switch itself is another one.
        const at = path.replace("{switch}", "shed-ai").replace(/\{\w+\}/g, NOBODY);
        const response = await fetch(`${server.url}${at}`, {
          method: method.toUpperCase(),
          redirect: "manual",
          headers: client.token === undefined ? {} : { authorization: `Bearer ${client.token}` },
        });
        const text = await response.text();
        const refused = response.status === 503 && /"(reason|code)":"read_only"/.test(text);
        equal(refused, effect === "writes", `${route}: ${response.status} ${text.slice(0, 200)}`);
        if (!refused) continue;
        ok(Number(response.headers.get("retry-after")) >= 5, route);
      }
    }
    await operator.delete("/v1/switches/shed-ai");
  });
});

Deno.test("[SW8] [SW9] read-only refuses exactly the methods that write", async () => {
  await using socket = await SocketClient.greet(server.socketUrl, operator.token!);
  await turnedOn("read-only", async () => {
    for (const method of Object.keys(METHODS)) {
      const { effect }: CommandClass = METHOD_CLASSES[method as keyof typeof METHODS];
      const reason = await reasonOf(socket.call(method, {}));
      equal(reason === "read_only", effect === "writes", `${method}: ${reason}`);
    }
  });
});

Deno.test("[SW8] [SW9] while nothing can be written people sign in, enter rooms and see, and nothing is changed", async () => {
  const person = await register("reader");
  const { id: room } = await person.room();
  await using socket = await SocketClient.greet(server.socketUrl, person.token);
  await turnedOn("read-only", async () => {
    const given = { login: "reader", password: PASSWORD, transport: "body" };
    const { status, body } = await new HttpClient(server.url).post<{ token: string }>("/v1/login", given);
    equal(status, 200);
    const again = new HttpClient(server.url, body.token);
    equal((await again.get("/v1/account")).status, 200);
    await socket.call("room.join", { room });
    const error = await socket.call("room.say", { room, text: "hello" }).catch((error: CallError) => error);
    ok(error instanceof CallError && error.retryAfterMs! >= 5_000);
    deepEqual([error.reason, error.error.code], ["read_only", -32054]);
    equal((await again.patch(`/v1/rooms/${room}`, { title: "Renamed" })).body.reason, "read_only");
    equal((await again.post("/v1/logout", {})).status, 204);
  });
  const { body } = await person.get<{ messages?: unknown[]; items?: unknown[] }>(
    `/v1/rooms/${room}/messages`,
  );
  equal(JSON.stringify(body).includes("hello"), false);
  deepEqual(await socket.call("room.say", { room, text: "hello" }), { accepted: true });
});

Deno.test("[SW11] an answer that is under way when read-only is set comes to its end", async () => {
  const person = await register("asker");
  const question = { model: MODEL, text: "hello" };
  const { body } = await person.post<{ answer: string }>("/v1/ai/answers", question);
  await turnedOn("read-only", async () => {
    equal((await person.post("/v1/ai/answers", question)).body.reason, "read_only");
    for (;;) {
      const view = (await person.get<{ state: string; text: string }>(`/v1/ai/answers/${body.answer}`)).body;
      if (view.state === "waiting" || view.state === "running") continue;
      equal(view.state, "done");
      ok(view.text.length > 0);
      break;
    }
  });
});

Deno.test("[SW12] guests are not let in, those who are in see on, and all is well when it is over", async () => {
  const guest = await HttpClient.guest(server.url, "Gus");
  const owner = await register("owner");
  const { id: room } = await owner.room();
  await using inside = await SocketClient.greet(server.socketUrl, guest.token);
  await inside.call("room.join", { room });
  await turnedOn("shed-guests", async () => {
    const refused = await new HttpClient(server.url).post("/v1/guests", {});
    deepEqual([refused.status, refused.body.reason], [503, "overloaded"]);
    ok(Number(refused.headers.get("retry-after")) >= 5);
    await using late = await SocketClient.open(server.socketUrl);
    await rejects(late.call("session.hello", { token: guest.token }), { reason: "overloaded" });
    const headers = { authorization: `Bearer ${guest.token}` };
    await rejects(SocketClient.open(server.socketUrl, { headers }));
    equal((await guest.get(`/v1/rooms/${room}`)).body.reason, "overloaded");
    equal((await owner.get(`/v1/rooms/${room}`)).status, 200);
    equal(await reasonOf(inside.call("room.say", { room, text: "no" })), "overloaded");
    equal((await owner.post(`/v1/rooms/${room}/messages`, { text: "on" })).status, 202);
    const holds = ({ items }: NotificationParams<"room.frame">) => items.some(({ text }) => text === "on");
    await inside.next("room.frame", holds);
    await inside.call("session.renew", { token: guest.token });
    await inside.call("room.leave", { room });
  });
  await inside.call("room.join", { room });
});

Deno.test("[SW13] reads without a token are refused, those with one and pages are not", async () => {
  const guest = await HttpClient.guest(server.url);
  await turnedOn("shed-anonymous", async () => {
    const nobody = new HttpClient(server.url);
    for (
      const path of ["/v1/rooms", `/v1/rooms/${NOBODY}`, `/v1/rooms/${NOBODY}/events`, "/v1/openapi.json"]
    ) {
      const { status, body, headers } = await nobody.get(path);
      deepEqual([status, body.reason, headers.get("barrage-switches")], [
        503,
        "overloaded",
        "shed-anonymous",
      ]);
    }
    equal((await guest.get("/v1/rooms")).status, 200);
    equal((await new HttpClient(server.url, "nonsense").get(`/v1/rooms/${NOBODY}`)).status, 401);
    for (
      const path of ["/", "/login", "/healthz", "/readyz", "/metrics", "/v1/oidc", "/.well-known/jwks.json"]
    ) {
      const response = await fetch(`${server.url}${path}`);
      await response.body?.cancel();
      equal(response.status, 200, path);
    }
  });
});

Deno.test("[SW14] [SW15] danmaku and questions for AI models are refused by their switches, not those of keys", async () => {
  const person = await register("speaker");
  const { id: room } = await person.room();
  await using socket = await SocketClient.greet(server.socketUrl, person.token);
  await socket.call("room.join", { room });
  const program = await ai.program("messages", "ai");
  const asked = (client: HttpClient) => client.post("/v1/ai/answers", { model: MODEL, text: "hello" });
  const said = (client: HttpClient) => client.post(`/v1/rooms/${room}/messages`, { text: "hello" });
  await turnedOn("shed-low", async () => {
    equal(await reasonOf(socket.call("room.say", { room, text: "hello" })), "overloaded");
    equal((await said(person)).body.reason, "overloaded");
    equal((await said(program)).status, 202);
    equal((await asked(person)).status, 202);
    await socket.call("chat.sync", { since: {} });
  });
  await turnedOn("shed-ai", async () => {
    equal((await asked(person)).body.reason, "overloaded");
    equal((await asked(program)).status, 202);
    deepEqual(await socket.call("room.say", { room, text: "hello" }), { accepted: true });
  });
});

Deno.test("[SW1] operators and keys with the scope switches set them, for a time as well, and the audit log tells", async () => {
  const program = await ai.program("switches");
  const set = await program.put<Switch>("/v1/switches/shed-ai", { forMs: 60_000 });
  const id = /^bk_(.{26})/.exec(program.token!)![1]!;
  deepEqual([set.status, set.body.set?.by], [200, id]);
  ok(set.body.set!.leftMs! > 50_000 && set.body.set!.leftMs! <= 60_000);
  const listed = await program.get<{ switches: Switch[] }>("/v1/switches");
  equal(listed.headers.get("cache-control"), "no-store");
  deepEqual(listed.body.switches.map(({ name }) => name), SWITCHES);
  deepEqual(listed.body.switches.filter(({ on }) => on).map(({ name }) => name), ["shed-ai"]);
  equal((await program.delete("/v1/switches/shed-ai")).status, 200);
  const { body } = await operator.get<z.infer<typeof AuditPage>>("/v1/audit?subject=shed-ai&limit=2");
  deepEqual(body.events.map(({ event, actor, detail }) => [event, actor, detail]), [
    ["switch.cleared", id, undefined],
    ["switch.set", id, { forMs: 60_000 }],
  ]);
  const other = await ai.program("audit", "rooms");
  for (
    const [client, status] of [[other, 403], [await register("nosy"), 403], [
      new HttpClient(server.url),
      401,
    ]] as const
  ) {
    equal((await client.get("/v1/switches")).status, status);
    equal((await client.put("/v1/switches/read-only", {})).status, status);
    equal((await client.delete("/v1/switches/read-only")).status, status);
  }
  const bad = [["everything", {}, "path.switch"], ["read-only", { forMs: 1 }, "body.forMs"], ["read-only", {
    till: 1,
  }, "body.till"]];
  for (const [name, given, path] of bad) {
    const { status, body } = await operator.put(`/v1/switches/${name}`, given);
    deepEqual([status, body.path], [422, path]);
  }
});

Deno.test("[SW1] deno task ops switch lists, sets and clears them", async () => {
  deepEqual(await type("switch set shed-low --for 10m"), { code: 0, text: "shed-low is on, for 10m" });
  match((await type("switch list")).text, /\nshed-low +on +\w{26} +\d{4}-.* +\d{3} s\n/);
  deepEqual(await type("switch set shed-low"), { code: 0, text: "shed-low is on, until it is cleared" });
  deepEqual(await type("switch clear shed-low"), { code: 0, text: "shed-low is cleared" });
  match((await type("switch list")).text, /\nshed-low +off/);
  for (
    const line of ["switch set", "switch set everything", "switch set shed-low --for 10", "switch clear"]
  ) {
    equal((await type(line)).code, 2, line);
  }
});

Deno.test("[SW5] a switch for a time goes off by itself", async () => {
  const counted = `barrage_switch_changes_total{switch="shed-anonymous"}`;
  const changes = await server.metric(counted);
  equal((await operator.put("/v1/switches/shed-anonymous", { forMs: 1_000 })).status, 200);
  equal((await new HttpClient(server.url).get("/v1/rooms")).status, 503);
  await server.metricIs(counted, changes + 2);
  equal((await new HttpClient(server.url).get("/v1/rooms")).status, 200);
});

Deno.test("[SW25] [SW26] [SW27] switches are seen in /readyz, /metrics, the header and the log", async () => {
  const refused = `barrage_drops_total{place="switch",reason="read-only"}`;
  const before = await server.metric(refused);
  const changes = await server.metric(`barrage_switch_changes_total{switch="read-only"}`);
  equal((await operator.get("/v1/rooms")).headers.get("barrage-switches"), null);
  await turnedOn("shed-low", () =>
    turnedOn("read-only", async () => {
      const ready = await operator.get<{ status: string; switches: string[] }>("/readyz");
      deepEqual([ready.status, ready.body.status, ready.body.switches], [200, "ready", [
        "read-only",
        "shed-low",
      ]]);
      const { headers, status } = await operator.post("/v1/rooms", { title: "No" });
      deepEqual([status, headers.get("barrage-switches")], [503, "read-only, shed-low"]);
      match(headers.get("access-control-expose-headers") ?? "", /barrage-switches/);
      equal((await operator.get("/v1/rooms")).headers.get("barrage-switches"), "read-only, shed-low");
      equal(await server.metric(`barrage_switch{switch="read-only",by="operator"}`), 1);
      equal(await server.metric(`barrage_switch{switch="read-only",by="load"}`), 0);
    }));
  equal(await server.metric(refused), before + 1);
  equal(await server.metric(`barrage_switch_changes_total{switch="read-only"}`), changes + 2);
  match(await (await fetch(`${server.url}/metrics`)).text(), /^barrage_load\{signal="lag"\} [\d.e-]+$/m);
  const id = /^bk_(.{26})/.exec(operator.token!)![1]!;
  await server.logged(new RegExp(`Switch \\S*read-only\\S* is on: \\S*${id}`));
  await server.logged(/Switch \S*read-only\S* is off/);
});

Deno.test("[AF42] what a switch refuses on the face of OpenAI has the form that its clients read", async () => {
  await turnedOn("read-only", async () => {
    const { status, body } = await operator.post<{ error: { code: string; message: string } }>(
      "/v1/chat/completions",
      { model: MODEL, messages: [{ role: "user", content: "hello" }] },
    );
    deepEqual([status, body.error.code], [503, "read_only"]);
    match(body.error.message, /^Cannot change anything/);
  });
});
