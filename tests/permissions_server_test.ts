import { deepEqual, equal } from "node:assert/strict";
import { METHODS } from "protocol/methods.ts";
import type { Problem } from "protocol/problem.ts";
import { CallError, SocketClient } from "tests/support/socket_client.ts";
import {
  AI_ROWS,
  CHAT_ROWS,
  METHOD_ROWS,
  type MethodRow,
  OPEN,
  OPEN_METHODS,
  type RouteRow,
  ROUTES,
} from "./permissions/http.ts";
import { expected, type Verdict } from "./permissions/kind_table.ts";
import { CALLERS, type Name, Site } from "./permissions/site.ts";

let site: Site;

Deno.test.beforeAll(async () => {
  site = await Site.start();
});
Deno.test.afterAll(() => site[Symbol.asyncDispose]());

Deno.test("[U4] every route of the server has a row", async () => {
  const { body } = await site.as("anonymous").get<{ paths: Record<string, object> }>("/v1/openapi.json");
  const routes = Object.entries(body.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path}`)
  );
  deepEqual([...Object.keys(ROUTES), ...OPEN].sort(), routes.sort());
});

for (const [route, row] of Object.entries(ROUTES)) {
  Deno.test(`[U4] who may ${route}`, async () => {
    for (const name of CALLERS) {
      const wanted = expected(row, name);
      if (row.lastAct && wanted === "may" && name !== "member") continue;
      const token = row.lastAct && wanted === "may" ? (await site.register()).token : site.tokenOf(name);
      const path = await fill(route, wanted);
      equal(await request(route, path, row, token), wanted, `${name} asks for ${route}`);
    }
  });
}

Deno.test("[U4] every method of the socket has a row", () => {
  const rows = [METHOD_ROWS, AI_ROWS, CHAT_ROWS].flatMap((table) => Object.keys(table));
  deepEqual([...rows, ...OPEN_METHODS].sort(), Object.keys(METHODS).sort());
});

for (const [method, { params, ...row }] of Object.entries(METHOD_ROWS)) {
  Deno.test(`[U4] who may call ${method}`, async () => {
    for (const name of CALLERS) {
      const verdict = await call(name, method, params);
      equal(verdict, expected(row, name), `${name} calls ${method}`);
    }
  });
}

for (const [method, { params, ...row }] of Object.entries(AI_ROWS)) {
  Deno.test(`[U4] who may call ${method}`, async () => {
    for (const name of CALLERS) {
      const wanted = expected(row, name);
      equal(await ai(name, method, params, wanted), wanted, `${name} calls ${method}`);
    }
  });
}

for (const [method, row] of Object.entries(CHAT_ROWS)) {
  Deno.test(`[U4] who may call ${method}`, async () => {
    for (const name of CALLERS) {
      equal(await chat(name, method, row), expected(row, name), `${name} calls ${method}`);
    }
  });
}

async function request(
  route: string,
  path: string,
  { body, query = "", missing }: RouteRow,
  token: string | undefined,
): Promise<Verdict> {
  const response = await fetch(`${site.server.url}${path}${query}`, {
    method: route.slice(0, route.indexOf(" ")).toUpperCase(),
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.ok) {
    // A stream would go on for ever.
    await response.body?.cancel();
    return "may";
  }
  const failure: Problem | { error: { code: string } } = await response.json();
  // Those of OpenAI's API have its form.
  const reason = "error" in failure ? failure.error.code : failure.reason;
  if (response.status === 401) return "unauthenticated";
  if (reason === "forbidden") return "forbidden";
  equal(reason, missing, route);
  return "may";
}

/** What the path names is there; what somebody may spoil is there for that alone. */
async function fill(route: string, wanted: Verdict): Promise<string> {
  let path = route.slice(route.indexOf(" ") + 1);
  if (path.includes("{room}")) path = path.replace("{room}", await site.room());
  if (path.includes("{conversation}")) {
    path = path.replace("{conversation}", (await site.group()).conversation);
  }
  if (path.includes("{account}")) {
    const account = wanted === "may" ? (await site.register()).user.id : site.bystander;
    path = path.replace("{account}", account);
  }
  if (path.includes("{aiKey}")) path = path.replace("{aiKey}", await site.aiKey());
  if (path.includes("{key}")) path = path.replace("{key}", (await site.key("audit")).id);
  if (path.includes("{thread}") || path.includes("{answer}")) {
    const { thread, answer } = await site.thread(wanted === "may" && route.startsWith("delete"));
    path = path.replace("{thread}", thread).replace("{answer}", answer);
  }
  path = path.replace("{switch}", "serve-stale").replace("{file}", "01JD3Y4B6V8Q2Z5K7M9N0P1R2S").replace(
    "{model}",
    "echo",
  );
  return path.replace("{user}", site.bystander).replace("{provider}", "corp")
    .replace("{session}", "01JD3Y4B6V8Q2Z5K7M9N0P1R2S").replace("{report}", "01JD3Y4B6V8Q2Z5K7M9N0P1R2S")
    .replace("{kind}", "email").replace("{address}", "nobody@example.org");
}

async function call(name: Name, method: string, params: object | undefined): Promise<Verdict> {
  const room = await site.room();
  const token = site.tokenOf(name);
  await using socket = await SocketClient.open(
    site.server.socketUrl,
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  );
  try {
    if (method !== "room.join") await socket.call("room.join", { room });
    const user = method.endsWith("mute") ? { user: site.bystander } : {};
    await socket.call(method, { room, ...user, ...params });
    return "may";
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    equal(["forbidden", "unauthenticated"].includes(error.reason), true, `${method}: ${error.reason}`);
    return error.reason as Verdict;
  }
}

async function ai(name: Name, method: string, params: object | undefined, wanted: Verdict): Promise<Verdict> {
  const { thread, answer } = await site.thread(wanted === "may" && method === "ai.forget");
  const about = ["ai.follow", "ai.unfollow", "ai.cancel"].includes(method) ? { answer } : {};
  const where = ["ai.thread", "ai.forget"].includes(method) ? { thread } : {};
  const token = site.tokenOf(name);
  await using socket = await SocketClient.open(
    site.server.socketUrl,
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  );
  try {
    await socket.call(method, { ...about, ...where, ...params });
    return "may";
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    equal(["forbidden", "unauthenticated"].includes(error.reason), true, `${method}: ${error.reason}`);
    return error.reason as Verdict;
  }
}

/** Of these the conversation is in another field, or there is none. */
const ELSEWHERE: Readonly<Record<string, object>> = {
  "chat.sync": {},
  "chat.presence": {},
  "chat.find": {},
  "chat.create": {},
};
const OF_SOMEBODY = ["approve", "decline", "remove", "role", "transfer"].map((verb) => `chat.${verb}`);

async function chat(name: Name, method: string, { params, missing }: MethodRow): Promise<Verdict> {
  const { conversation, said } = await site.group();
  const token = site.tokenOf(name);
  await using socket = await SocketClient.open(
    site.server.socketUrl,
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  );
  const where = method === "chat.block" ? { to: site.bystander } : ELSEWHERE[method] ?? { conversation };
  const whom = OF_SOMEBODY.includes(method) ? { user: site.bystander } : {};
  const which = ["chat.edit", "chat.recall", "chat.report"].includes(method) ? { seq: said } : {};
  const those = method === "chat.invite" ? { users: [site.bystander] } : {};
  try {
    await socket.call(method, { ...where, ...whom, ...which, ...those, ...params });
    return "may";
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    if (error.reason === missing) return "may";
    equal(["forbidden", "unauthenticated"].includes(error.reason), true, `${method}: ${error.reason}`);
    return error.reason as Verdict;
  }
}
