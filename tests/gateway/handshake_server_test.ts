import { equal, match } from "node:assert/strict";
import { json } from "protocol/json.ts";
import { msgpack } from "protocol/msgpack.ts";
import { RawSocket } from "tests/support/raw_socket.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";

let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer();
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

for (const codec of [json, msgpack]) {
  Deno.test(`[G8] ${codec.subprotocol} is negotiated, echoed and spoken`, async () => {
    await using client = await SocketClient.open(server.socketUrl, { codec });
    equal(client.socket.protocol, codec.subprotocol);
    equal(typeof (await client.call<{ now: number }>("session.ping")).now, "number");
  });
}

Deno.test("[G8] without an offer the socket speaks JSON and no subprotocol is echoed", async () => {
  await using client = await SocketClient.open(server.socketUrl, { protocols: [] });
  equal(client.socket.protocol, "");
  equal(typeof (await client.call<{ now: number }>("session.ping")).now, "number");
});

Deno.test("[G8] of several offers the first that the server speaks is chosen", async () => {
  const protocols = ["barrage.v9.json", msgpack.subprotocol, json.subprotocol];
  await using client = await SocketClient.open(server.socketUrl, { protocols, codec: msgpack });
  equal(client.socket.protocol, msgpack.subprotocol);
  equal(typeof (await client.call<{ now: number }>("session.ping")).now, "number");
});

Deno.test("[G8] an offer of unknown subprotocols only is refused with 400", async () => {
  using answer = await RawSocket.open(server.port, { "Sec-WebSocket-Protocol": "graphql-ws" });
  equal(answer.status, 400);
  equal(answer.headers.get("content-type"), "application/problem+json");
});

Deno.test("[G9] a request that is no handshake is refused with 400", async () => {
  for (
    const headers of [{ Upgrade: "" }, { Upgrade: "h2c" }, { Connection: "" }, { "Sec-WebSocket-Key": "" }]
  ) {
    using answer = await RawSocket.open(server.port, headers);
    equal(answer.status, 400, JSON.stringify(headers));
    equal(answer.headers.get("content-type"), "application/problem+json");
  }
});

Deno.test("[G9] only GET opens a socket", async () => {
  const response = await fetch(`${server.url}/v1/ws`, { method: "POST", body: "{}" });
  equal(response.status, 400);
  match(await response.text(), /no WebSocket handshake/);
});

Deno.test("[G9] a peer that leaves during the handshake takes up no place", async () => {
  for (let i = 0; i < 50; i++) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    const head = [
      "GET /v1/ws HTTP/1.1",
      "Host: x",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ];
    await connection.write(new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n`));
    connection.close();
  }
  await server.metricIs("barrage_sockets", 0);
  await server.metricIs("barrage_connections", 0);
});
