import assert from "node:assert/strict";
import { Link } from "./link.ts";

/** Sends back what it gets. */
function startEcho(): { port: number; [Symbol.asyncDispose](): Promise<void> } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const connections: Promise<void>[] = [];
    for await (const connection of listener) {
      connections.push(connection.readable.pipeTo(connection.writable).catch(() => {}));
    }
    await Promise.all(connections);
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
  let answered = false;
  const answer = echo(connection).finally(() => answered = true);
  // What is sent later, and over another link, comes back meanwhile.
  await using other = new Link(() => server.port);
  using beside = await Deno.connect({ hostname: "127.0.0.1", port: other.port });
  for (let n = 0; n < 10; n++) assert.equal(await echo(beside), "ping");
  assert.equal(answered, false);
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
