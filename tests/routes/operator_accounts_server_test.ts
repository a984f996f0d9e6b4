import { deepEqual, equal } from "node:assert/strict";
import type { Account, AccountRow, LoginSession, SignedIn } from "protocol/accounts.ts";
import { CLOSE_CODES } from "protocol/close_codes.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";

const PASSWORD = "correct horse battery staple";

let server: Server;
let root: HttpClient;

Deno.test.beforeAll(async () => {
  server = await startServer({ ACCOUNTS_PER_MINUTE: 1_000 });
  root = new HttpClient(server.url, (await Deno.readTextFile(`${server.dataDir}/operator_key`)).trim());
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

async function register(login: string): Promise<SignedIn> {
  const body = { login, password: PASSWORD, transport: "body" };
  return (await new HttpClient(server.url).post<SignedIn>("/v1/accounts", body)).body;
}

function signIn(login: string) {
  const body = { login, password: PASSWORD, transport: "body" };
  return new HttpClient(server.url).post<SignedIn>("/v1/login", body);
}

Deno.test("[U12] accounts are listed by login in pages, and found by their login in any case", async () => {
  for (const login of ["zoe", "adam", "mia"]) await register(login);
  const list = async (query: string) =>
    (await root.get<{ accounts: AccountRow[]; next?: string }>(`/v1/accounts?${query}`)).body;
  const first = await list("limit=2");
  deepEqual([first.accounts.map(({ login }) => login), first.next], [["adam", "mia"], "mia"]);
  const second = await list("limit=2&after=mia");
  deepEqual([second.accounts.map(({ login }) => login), second.next], [["zoe"], undefined]);
  deepEqual((await list("login=MIA")).accounts.map(({ login, role, state }) => [login, role, state]), [
    ["mia", "user", "active"],
  ]);
  deepEqual((await list("login=nobody")).accounts, []);
  equal((await root.get("/v1/accounts?limit=501")).body.path, "query.limit");
});

Deno.test("[U12] who is made an operator is one from the next signing in on, and his sessions end", async () => {
  const { user, token } = await register("olga");
  await using socket = await SocketClient.greet(server.socketUrl, token);
  const path = `/v1/accounts/${user.id}`;
  equal((await root.patch<Account>(path, { role: "operator" })).body.role, "operator");
  equal((await socket.closed).code, CLOSE_CODES.unauthenticated.code);
  equal((await new HttpClient(server.url, token).get("/v1/accounts")).status, 401);
  const { body } = await signIn("olga");
  const olga = new HttpClient(server.url, body.token);
  equal((await olga.get("/v1/accounts")).status, 200);
  equal((await root.patch<Account>(path, { role: "user" })).body.role, "user");
  equal((await olga.get("/v1/accounts")).status, 401);
  equal((await root.patch(path, { role: "god" })).body.path, "body.role");
});

Deno.test("[U12] somebody's sessions are listed and ended, and open sockets with them", async () => {
  const { user, token } = await register("sam");
  await signIn("sam");
  const path = `/v1/accounts/${user.id}/sessions`;
  const { body } = await root.get<{ sessions: LoginSession[] }>(path);
  deepEqual(body.sessions.map(({ current }) => current), [false, false]);
  await using socket = await SocketClient.greet(server.socketUrl, token);
  deepEqual((await root.delete<{ ended: number }>(path)).body, { ended: 2 });
  equal((await socket.closed).code, CLOSE_CODES.unauthenticated.code);
  deepEqual((await root.get<{ sessions: LoginSession[] }>(path)).body.sessions, []);
});

Deno.test("[U12] a removed account is gone, its login stays in the list and cannot be taken", async () => {
  const { user } = await register("rita");
  const path = `/v1/accounts/${user.id}`;
  equal((await root.delete(path)).status, 204);
  equal((await root.get(path)).status, 410);
  equal((await signIn("rita")).status, 401);
  const { body } = await root.get<{ accounts: AccountRow[] }>("/v1/accounts?login=rita");
  deepEqual(body.accounts.map(({ state, name }) => [state, name]), [["removed", ""]]);
  const again = { login: "rita", password: PASSWORD, transport: "body" };
  equal((await new HttpClient(server.url).post("/v1/accounts", again)).status, 409);
});
