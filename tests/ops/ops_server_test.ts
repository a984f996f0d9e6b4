import { deepEqual, doesNotMatch, equal, match } from "node:assert/strict";
import type { NewApiKey } from "protocol/api_keys.ts";
import type { z } from "zod";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { operate } from "../../ops/ops.ts";

const NOBODY = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";

let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer({ ACCOUNTS_PER_MINUTE: 1_000 });
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** Types `line` on the server's machine. */
function type(line: string, env: Record<string, string> = {}) {
  const all: Record<string, string> = {
    HOST: "127.0.0.1",
    PORT: String(server.port),
    DATA_DIR: server.dataDir,
    ...env,
  };
  const words = line.match(/"[^"]*"|\S+/g) ?? [];
  return operate(words.map((word) => word.replaceAll('"', "")), (name) => all[name]);
}

async function json<T = Record<string, unknown>>(line: string): Promise<T> {
  const { code, text } = await type(`${line} --json`);
  equal(code, 0, text);
  return JSON.parse(text) as T;
}

async function register(login: string): Promise<HttpClient> {
  const body = { login, password: "correct horse battery staple", transport: "body" };
  const answer = await new HttpClient(server.url).post<{ token: string }>("/v1/accounts", body);
  return new HttpClient(server.url, answer.body.token);
}

Deno.test("[U13] accounts: list, show, role, end-sessions, remove, each by login or id", async () => {
  const alice = await register("alice");
  match((await type("accounts list")).text, /^LOGIN +NAME +ROLE +SINCE +ID\nalice +alice +user +\d{4}-/);
  match((await type("accounts show Alice")).text, /^login +alice\nid +\w{26}\n/);
  const { id } = await json<{ id: string }>("accounts show alice");
  deepEqual(await type("accounts role alice operator"), { code: 0, text: "alice is operator now" });
  equal((await alice.get("/v1/sessions")).status, 401);
  equal((await json<{ role: string }>(`accounts show ${id}`)).role, "operator");
  deepEqual(await json(`accounts end-sessions ${id}`), { ended: 0 });
  deepEqual(await type("accounts end-sessions alice"), { code: 0, text: "Ended 0 sessions of alice" });
  equal((await type("accounts remove alice")).code, 2);
  equal((await json<{ id: string }>("accounts show alice")).id, id);
  equal((await type("accounts remove alice --yes")).code, 0);
  const gone = await type("accounts show alice");
  deepEqual(gone, { code: 1, text: "The account was removed (gone)" });
});

Deno.test("[U13] more accounts than fit are told of", async () => {
  for (const login of ["carl", "dora"]) await register(login);
  match((await type("accounts list --limit 1 --after carla")).text, /\ndora .*$/);
  match((await type("accounts list --limit 1 --after bob")).text, /\nThere are more: --after carl$/);
});

Deno.test("[U13] sessions: list", async () => {
  await register("eve");
  match((await type("sessions list eve")).text, /^DEVICE +PLACE +SINCE +USED +ENDS +ID\n[^\n]+$/);
  await type("accounts end-sessions eve");
  equal((await type("sessions list eve")).text, "eve is not signed in");
});

Deno.test("[U13] keys: create, list, revoke; the text is shown once and good", async () => {
  const made = await type('keys create "弹幕 bot" --scopes rooms,messages --days 7');
  equal(made.code, 0);
  const [key = ""] = made.text.split("\n");
  equal((await new HttpClient(server.url, key).post("/v1/rooms", { title: "Room" })).status, 201);
  const { keys } = await json<{ keys: { id: string; name: string }[] }>("keys list");
  deepEqual(keys.map(({ name }) => name), ["弹幕 bot", "operator"]);
  const listed = (await type("keys list")).text;
  match(listed, /弹幕 bot {2}rooms,messages/);
  doesNotMatch(listed, new RegExp(key.slice(-43)));
  equal((await type(`keys revoke ${keys[0]!.id}`)).text, `Revoked ${keys[0]!.id}`);
  equal((await new HttpClient(server.url, key).post("/v1/rooms", { title: "Room" })).status, 401);
  match((await type("keys list")).text, / revoked \d{4}-/);
});

Deno.test("[U13] rooms: list and end", async () => {
  const { body: { token } } = await new HttpClient(server.url).post<{ token: string }>("/v1/guests", {
    name: "Owen",
  });
  const room = await new HttpClient(server.url, token).room({}, "Match day");
  match((await type("rooms list --state live")).text, new RegExp(`\n${room.id}  live .*  Match day`));
  equal((await type(`rooms end ${room.id}`)).text, `Ended ${room.id}, "Match day"`);
  match((await type("rooms list --state ended")).text, new RegExp(`\n${room.id}  ended `));
  deepEqual(await type(`rooms end ${room.id}`), { code: 1, text: "The room has ended (gone)" });
  match((await type("rooms list --limit 1 --state live")).text, /^ID|^No rooms$/);
});

Deno.test("[U13] what the server refuses, and a server that is not there, end with 1 and one sentence", async () => {
  const refusals: [string, Record<string, string>, RegExp][] = [
    ["accounts show nobody", {}, /^No account has the login nobody$/],
    [`accounts show ${NOBODY}`, {}, /\(not_found\)$/],
    [`keys revoke ${NOBODY}`, {}, /^No API key \w+ \(not_found\)$/],
    [
      "keys list",
      { BARRAGE_KEY: "bk_nonsense" },
      /\(unauthenticated\): take the operator_key .* BARRAGE_KEY$/,
    ],
    ["keys list", { PORT: "1" }, /^Cannot reach http:\/\/127\.0\.0\.1:1: is the server running there\?$/],
    ["keys list", { DATA_DIR: "/nowhere" }, /^Cannot read \/nowhere\/operator_key: set DATA_DIR .*$/],
  ];
  for (const [line, env, expected] of refusals) {
    const { code, text } = await type(line, env);
    equal(code, 1, line);
    match(text, expected);
  }
});

Deno.test("[U13] a key without the scope is told so", async () => {
  const { key } = await json<z.infer<typeof NewApiKey>>("keys create Bot --scopes rooms");
  const { code, text } = await type("accounts list", { BARRAGE_KEY: key });
  deepEqual([code, text], [1, "This is for operators, and for API keys with the scope accounts (forbidden)"]);
});

Deno.test("[U13] what makes no sense ends with 2, before anything is asked, and says what does", async () => {
  const mistakes: [string, RegExp][] = [
    ["", /^Runs a server: [^]*\n\nGive a command$/],
    ["servers", /^Runs a server: [^]*\n\nCannot do "servers": that is no command$/],
    ["accounts", /\n {2}accounts list/],
    ["accounts toString", /\n {2}accounts list[^]*\n\nCannot do "accounts toString": that is no command$/],
    ["constructor list", /^Runs a server: /],
    ["accounts show", /^Give the login\ndeno task ops accounts show/],
    ["accounts show a b", /^Cannot use "b": /],
    ["accounts show a!b", /neither a login nor an id/],
    ["accounts role alice boss", /^Cannot use the role "boss"/],
    ["accounts list --limit 501", /^Cannot use --limit: /],
    ["accounts list --colour", /--colour/],
    ["accounts list --after", /--after/],
    ["keys create Bot", /^Give --scopes/],
    ["keys create Bot --scopes rooms --days x", /^Cannot use --days/],
    ["keys revoke 7", /`keys list` shows ids/],
    ["rooms end 7", /`rooms list` shows ids/],
    ["rooms list --state gone", /^Cannot use --state/],
    ["rooms list --url ftp://here", /^Cannot use --url/],
  ];
  for (const [line, expected] of mistakes) {
    const { code, text } = await type(line, { PORT: "1" });
    equal(code, 2, line);
    match(text, expected);
  }
});

Deno.test("[U13] --help tells what there is, without a server or a key", async () => {
  const nothing = { PORT: "1", DATA_DIR: "/nowhere" };
  for (const line of ["--help", "keys --help", "help"]) equal((await type(line, nothing)).code, 0, line);
  const { code, text } = await type("keys create --help", nothing);
  equal(code, 0);
  match(text, /^deno task ops keys create <name> --scopes/);
  match(text, /--json/);
});

Deno.test("[U13] a server that listens everywhere is asked on this machine", async () => {
  equal((await type("rooms list", { HOST: "0.0.0.0" })).code, 0);
  match((await type("rooms list", { HOST: "::", PORT: "1" })).text, /^Cannot reach http:\/\/\[::1\]:1: /);
  const { port } = server;
  equal((await type(`rooms list --url http://localhost:${port}`, { PORT: "1" })).code, 0);
});

Deno.test("[U14] the task runs with the key and the network, and may read nothing else", async () => {
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "ops", ...args],
      env: { DATA_DIR: server.dataDir, HOST: "127.0.0.1", PORT: String(server.port), NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, out, error };
  };
  const listed = await run("keys", "list", "--json");
  deepEqual([listed.code, JSON.parse(listed.out!).keys.at(-1).name], [0, "operator"]);
  const refused = await run("accounts", "show", "nobody");
  deepEqual([refused.code, refused.out], [1, ""]);
  match(refused.error!, /\nNo account has the login nobody\n$/);

  const { tasks } = JSON.parse(await Deno.readTextFile("deno.json"));
  const flags = [...String(tasks.ops.command).matchAll(/--[\w=,-]+/g)].map(([flag]) => flag);
  deepEqual(flags, [
    "--no-prompt",
    "--allow-net",
    "--allow-env=HOST,PORT,DATA_DIR,BARRAGE_KEY",
    "--allow-env=DATA_DIR",
  ]);
});
