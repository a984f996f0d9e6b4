import { deepEqual, equal, ok } from "node:assert/strict";
import { CLOSE_CODES } from "protocol/close_codes.ts";
import { HttpClient } from "tests/support/http_client.ts";
import type { Server } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";
import { startThree } from "tests/support/three_nodes.ts";

interface Greeted {
  readonly user: { readonly id: string };
  readonly session: string;
}

Deno.test("[Y23] a user's sockets on several nodes all get what is addressed to the user, and a kick closes the right ones", async () => {
  await using stage = await startThree();
  const { servers, operator } = stage;
  const { token } = await HttpClient.guest(servers[0]!.url, "Ann");
  const { token: other } = await HttpClient.guest(servers[1]!.url, "Ben");
  await using sockets = new AsyncDisposableStack();
  const open = async (server: Server, token: string) => {
    const socket = sockets.use(await SocketClient.open(server.socketUrl));
    return { socket, ...await socket.call<Greeted>("session.hello", { token }) };
  };
  // Issued by one node, taken by all.
  const mine = await Promise.all(servers.map((server) => open(server, token)));
  const bystanders = await Promise.all(servers.map((server) => open(server, other)));
  equal(new Set(mine.map(({ user }) => user.id)).size, 1);
  equal(new Set(mine.map(({ session }) => session)).size, 3);

  const user = mine[0]!.user.id;
  operator.pub(
    `barrage.v1.evt.user.${user}.notice`,
    JSON.stringify({ method: "user.gift", params: { from: "Zoe" } }),
  );
  for (const { socket } of mine) {
    const isNotice = (message: unknown): message is never =>
      (message as { method?: string }).method === "user.gift";
    deepEqual(await socket.take(isNotice, "the notice"), {
      jsonrpc: "2.0",
      method: "user.gift",
      params: { from: "Zoe" },
    });
  }

  await operator.req(`barrage.v1.ask.session.${mine[1]!.session}.kick`);
  equal((await mine[1]!.socket.closed).code, CLOSE_CODES.kicked.code);
  for (const { socket } of [mine[0]!, mine[2]!, ...bystanders]) await socket.call("session.ping");

  operator.pub(`barrage.v1.evt.user.${user}.kick`, "{}");
  equal((await mine[0]!.socket.closed).code, CLOSE_CODES.kicked.code);
  equal((await mine[2]!.socket.closed).code, CLOSE_CODES.kicked.code);
  for (const { socket } of bystanders) {
    await socket.call("session.ping");
    ok(!socket.inbox.some((message) => "method" in message && String(message.method) === "user.gift"));
  }
});
