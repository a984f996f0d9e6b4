import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { CLOSE_CODES } from "protocol/close_codes.ts";
import type { SignedIn } from "protocol/accounts.ts";
import { EventReader } from "tests/support/event_reader.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { SocketClient } from "tests/support/socket_client.ts";
import { startThree } from "tests/support/three_nodes.ts";

const ACCOUNT = { login: "ann", password: "correct horse battery", transport: "body" };
const SIGN_IN = { login: ACCOUNT.login, password: ACCOUNT.password, transport: "body" };

Deno.test("[S16] when a session ends on one node, its sockets and event streams close on every node, and its token is dead there", async () => {
  await using stage = await startThree();
  const nodes = stage.servers;
  const [a, b, c] = nodes.map(({ url }) => url) as [string, string, string];
  await new HttpClient(a).post("/v1/accounts", ACCOUNT);
  const signIn = async () => (await new HttpClient(b).post<SignedIn>("/v1/login", SIGN_IN)).body;
  const [ending, staying] = [await signIn(), await signIn()];
  const { id: room } = await new HttpClient(a, staying.token).room();

  await using open = new AsyncDisposableStack();
  const greet = (token: string) =>
    Promise.all(nodes.map(async (node) => open.use(await SocketClient.greet(node.socketUrl, token))));
  const [sockets, others] = [await greet(ending.token), await greet(staying.token)];
  for (const { url } of nodes) {
    const headers = { authorization: `Bearer ${ending.token}` };
    open.use(await EventReader.open(`${url}/v1/rooms/${room}/events`, headers));
  }
  for (const node of nodes) await node.metricIs("barrage_event_streams", 1);

  const answers = await new HttpClient(c, ending.token).post("/v1/logout", {});
  ok(answers.status < 300, `${answers.status}`);
  for (const socket of sockets) equal((await socket.closed).code, CLOSE_CODES.unauthenticated.code);
  for (const node of nodes) await node.metricIs("barrage_event_streams", 0);
  for (const { url, socketUrl } of nodes) {
    equal((await new HttpClient(url, ending.token).get(`/v1/rooms/${room}`)).status, 401);
    await using late = await SocketClient.open(socketUrl);
    await rejects(late.call("session.hello", { token: ending.token }), { reason: "unauthenticated" });
  }
  for (const socket of others) await socket.call("session.ping");
  const said = await Promise.all(
    nodes.map(({ url }) =>
      new HttpClient(url, staying.token).post(`/v1/rooms/${room}/messages`, { text: "hi" })
    ),
  );
  deepEqual(said.map(({ status }) => status), [202, 202, 202]);
});

Deno.test("[S4] a node that replaces its key is understood by the others, and so are the tokens it signed before", async () => {
  await using stage = await startThree();
  const [a, b] = stage.servers;
  const { token: before } = await HttpClient.guest(a!.url, "Before");
  const path = `${a!.dataDir}/token_key.json`;
  await a!.kill("SIGKILL");
  const key = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify({ ...key, createdAt: Date.now() - 31 * 86_400_000 }));
  await a!.restart();
  const { token: after } = await HttpClient.guest(a!.url, "After");
  for (const token of [before, after]) {
    for (const { socketUrl } of [a!, b!]) {
      await using socket = await SocketClient.greet(socketUrl, token);
      await socket.call("session.ping");
    }
  }
  const { keys } = await (await fetch(`${a!.url}/.well-known/jwks.json`)).json();
  equal(keys.length, 4);
});
