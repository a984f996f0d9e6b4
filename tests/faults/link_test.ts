import assert from "node:assert/strict";
import { Link } from "./link.ts";

/** Sends back what it gets. */
function startEcho(): { port: number; [Symbol.asyncDispose](): Promise<void> } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.readable.pipeTo(connection.writable).catch(() => {});
    }
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

async function echo(connection: Deno.TcpConn): Promise<string> {
  await connection.write(new TextEncoder().encode("ping"));
  return await read(connection);
}

async function read(connection: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(16);
  const length = await connection.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, length ?? 0));
}

Deno.test("[F2] a link passes bytes on, later when it is slow, and none while it is silent", async () => {
  await using server = startEcho();
  await using link = new Link(() => server.port);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: link.port });
  assert.equal(await echo(connection), "ping");
  link.slowDown(50);
  const since = performance.now();
  assert.equal(await echo(connection), "ping");
  assert.ok(performance.now() - since >= 100);
  link.silence();
  const answer = echo(connection);
  const first = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 100, "silence"))]);
  assert.equal(first, "silence");
  link.heal();
  assert.equal(await answer, "ping");
});

Deno.test("[F2] a cut link breaks its connections and refuses new ones until it heals", async () => {
  await using server = startEcho();
  await using link = new Link(() => server.port);
  using before = await Deno.connect({ hostname: "127.0.0.1", port: link.port });
  assert.equal(await echo(before), "ping");
  link.cut();
  assert.equal(await read(before).catch(() => ""), "");
  using during = await Deno.connect({ hostname: "127.0.0.1", port: link.port });
  assert.equal(await read(during).catch(() => ""), "");
  link.heal();
  using after = await Deno.connect({ hostname: "127.0.0.1", port: link.port });
  assert.equal(await echo(after), "ping");
});
