import { deepEqual, doesNotMatch, equal, ok, rejects } from "node:assert/strict";
import { exportJWK, generateKeyPair } from "jose";
import { HttpClient } from "tests/support/http_client.ts";
import { RawSocket } from "tests/support/raw_socket.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";
import { TokenForge, unsignedToken } from "tests/support/tokens.ts";

const SUBJECT = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";
const WHO = { name: "Mallory", sid: SUBJECT, standing: "guest" };
const NEVER_ISSUED = { reason: "unauthenticated", message: "unauthenticated: The token is not valid" };

let server: Server;
let token: string;

Deno.test.beforeAll(async () => {
  server = await startServer();
  token = (await HttpClient.guest(server.url, "Alice")).token;
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

Deno.test("[G1] hello with a valid token tells the user, the session and the heartbeat", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  const hello = await client.call<{ user: { name: string }; session: string; heartbeatMs: number }>(
    "session.hello",
    { token },
  );
  equal(hello.user.name, "Alice");
  equal(hello.session.length, 26);
  equal(hello.heartbeatMs, 25_000);
});

Deno.test("[G2] a token that was signed with another key is refused", async () => {
  const { privateKey } = await generateKeyPair("EdDSA", { extractable: true });
  const forge = new TokenForge(await exportJWK(privateKey));
  await refused(await forge.sign({ sub: SUBJECT }));
});

Deno.test("[G2] a token that has expired is refused", async () => {
  const forge = await TokenForge.of(server.dataDir);
  await refused(await forge.sign({ sub: SUBJECT, exp: Math.floor(Date.now() / 1_000) - 1 }));
});

Deno.test("[G2] a token for another audience or from another issuer is refused", async () => {
  const forge = await TokenForge.of(server.dataDir);
  await refused(await forge.sign({ sub: SUBJECT, aud: "somebody else" }));
  await refused(await forge.sign({ sub: SUBJECT, iss: "somebody else" }));
});

Deno.test("[G2] a token that claims to need no signature is refused", async () => {
  const exp = Math.floor(Date.now() / 1_000) + 60;
  await refused(unsignedToken({ sub: SUBJECT, iss: "barrage", aud: "barrage", exp, ...WHO }));
});

Deno.test("[G2] a token whose signature was made with the public key as a secret is refused", async () => {
  const { x = "" } = JSON.parse(await Deno.readTextFile(`${server.dataDir}/token_key.json`));
  await refused(await new TokenForge({ kty: "oct", k: x }).sign({ sub: SUBJECT }, "HS256"));
});

Deno.test("[G2] a token with claims that no user can have is refused", async () => {
  const forge = await TokenForge.of(server.dataDir);
  await refused(await forge.sign({ sub: "root" }));
  await refused(await forge.sign({ sub: SUBJECT, name: 7 }));
  await refused(await forge.sign({ sub: SUBJECT, standing: "god" }));
});

Deno.test("[G2] garbage and a token with one changed character are refused", async () => {
  await refused("garbage");
  await refused("a.b.c");
  const at = token.length - 20;
  await refused(token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1));
});

Deno.test("[G2] after a refused token the socket may say hello again", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  await rejects(client.call("session.hello", { token: "garbage" }), NEVER_ISSUED);
  const { user } = await client.call<{ user: { name: string } }>("session.hello", { token });
  equal(user.name, "Alice");
});

Deno.test("[G2] a refused token does not get into the log", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  await rejects(client.call("session.hello", { token: "SECRET-GARBAGE" }), NEVER_ISSUED);
  doesNotMatch(server.errorOutput, /SECRET-GARBAGE/);
});

Deno.test("[G3] a second hello is a conflict, also while the first is checked", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  const first = client.call("session.hello", { token });
  await rejects(client.call("session.hello", { token }), { reason: "conflict" });
  await first;
  await rejects(client.call("session.hello", { token }), { reason: "conflict" });
});

Deno.test("[G4] every call but a ping needs a hello first", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  for (const method of ["room.join", "room.leave", "room.pause", "room.unpause"]) {
    await rejects(client.call(method, { room: SUBJECT }), { reason: "unauthenticated" });
  }
  await rejects(client.call("room.say", { room: SUBJECT, text: "hi" }), { reason: "unauthenticated" });
  ok((await client.call<{ now: number }>("session.ping")).now > 0);
});

Deno.test("[G5] a token in the Authorization header stands for the hello", async () => {
  const headers = { authorization: `Bearer ${token}` };
  await using client = await SocketClient.open(server.socketUrl, { headers });
  await rejects(client.call("room.leave", { room: SUBJECT }), { reason: "conflict" });
  await rejects(client.call("session.hello", { token }), { reason: "conflict" });
});

Deno.test("[G5] a bad token in the Authorization header is a 401 and no socket", async () => {
  for (const authorization of ["Bearer garbage", "Basic YTpi", "Bearer", token]) {
    using answer = await RawSocket.open(server.port, { Authorization: authorization, Connection: "Upgrade" });
    equal(answer.status, 401);
    equal(answer.headers.get("content-type"), "application/problem+json");
    equal(answer.headers.get("www-authenticate"), "Bearer");
  }
});

Deno.test("[G6] a token in the URL is not read", async () => {
  for (const name of ["token", "access_token", "authorization"]) {
    await using client = await SocketClient.open(`${server.socketUrl}?${name}=${token}`);
    await rejects(client.call("room.leave", { room: SUBJECT }), { reason: "unauthenticated" });
  }
});

Deno.test("[G7] a socket that does not say hello in time is told and closed with 4401", async () => {
  await using hasty = await startServer({ HELLO_TIMEOUT_MS: 100 });
  await using client = await SocketClient.open(hasty.socketUrl);
  await client.call("session.ping");
  const closing = await client.next("session.closing");
  deepEqual(closing, { reason: "hello_timeout", reconnect: false, afterMs: 0 });
  equal((await client.closed).code, 4401);
});

Deno.test("[G7] a hello that is refused does not stop the time", async () => {
  await using hasty = await startServer({ HELLO_TIMEOUT_MS: 100 });
  await using client = await SocketClient.open(hasty.socketUrl);
  await rejects(client.call("session.hello", { token: "garbage" }), NEVER_ISSUED);
  equal((await client.closed).code, 4401);
});

async function refused(wrong: string): Promise<void> {
  await using client = await SocketClient.open(server.socketUrl);
  await rejects(client.call("session.hello", { token: wrong }), NEVER_ISSUED);
  const answer = await new HttpClient(server.url, wrong).get("/v1/rooms/01JD3Y4B6V8Q2Z5K7M9N0P1R2S");
  equal(answer.status, 401);
}
