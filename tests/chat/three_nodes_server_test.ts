import { deepEqual, equal, ok } from "node:assert/strict";
import { type Device, Person } from "tests/support/chatter.ts";
import type { NatsServerProcess } from "tests/support/nats.ts";
import type { Server } from "tests/support/server.ts";
import { CallError } from "tests/support/socket_client.ts";
import { startThree } from "tests/support/three_nodes.ts";

async function people(server: Server, count: number): Promise<Person[]> {
  return await Promise.all(Array.from({ length: count }, () => Person.register(server)));
}

/** Sends until it is acknowledged, with the same id; after an error when the device's node owns something again. */
async function insist(device: Device, node: Server, conversation: string, text: string): Promise<void> {
  for (;;) {
    try {
      await device.send(conversation, text, `insist ${text}`.replaceAll(" ", "-"));
      return;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      await node.metricIs("barrage_shards", (shards) => shards > 0);
    }
  }
}

async function restart(nats: NatsServerProcess): Promise<void> {
  await nats.kill();
  await nats.start();
}

Deno.test("[J60] over three nodes everybody has the same messages in the same order, whoever says them wherever", async () => {
  await using stage = await startThree();
  const { servers, operator } = stage;
  const [ann, ben, zoe] = await people(servers[0]!, 3) as [Person, Person, Person];
  await using owned = new AsyncDisposableStack();
  const live = async (person: Person, n: number) => owned.use(await person.live(servers[n]!));
  const [a, b1, b2, z] = [await live(ann, 0), await live(ben, 1), await live(ben, 2), await live(zoe, 2)];
  const group = await a.group([b1, z]);
  for (const device of [b1, b2, z]) await device.sync();
  const heard = await operator.sub(`barrage.v1.evt.conversation.${group}.changed`);
  const said: string[] = [];
  for (let n = 0; n < 10; n++) {
    for (const index of [a, b1, b2, z].keys()) said.push(`${index}-${n}`);
    await Promise.all([a, b1, b2, z].map((device, index) => device.send(group, `${index}-${n}`)));
  }
  const devices = [a, b1, b2, z];
  for (const device of devices) {
    await device.until((notebook) => notebook.messages(group).at(-1)?.seq === 43, "everything");
  }
  const order = a.texts(group).slice(-40);
  deepEqual([...order].sort(), [...said].sort());
  for (const device of devices) deepEqual(device.texts(group).slice(-40), order);
  // Each once on the bus, for all sockets of all nodes.
  await heard.until(() => heard.all.length >= 40);
  equal(heard.all.length, 40);

  await a.socket.call("chat.typing", { conversation: group });
  for (const device of [b1, b2, z]) equal((await device.socket.next("chat.typing")).user.id, ann.id);
  const watching = await a.socket.call<{ users: { online: boolean }[] }>("chat.presence", {
    users: [ben.id, zoe.id],
  });
  deepEqual(watching.users.map(({ online }) => online), [true, true]);
  await b1.socket[Symbol.asyncDispose]();
  await z.socket[Symbol.asyncDispose]();
  const { lastSeenAt, ...gone } = await a.socket.next("chat.presence");
  deepEqual([gone, typeof lastSeenAt], [{ user: zoe.id, online: false }, "number"]);
  await a.socket.call("chat.remove", { conversation: group, user: ben.id });
  await b2.until((notebook) => notebook.states.get(group) === "gone", "that he is out");
  await a.send(group, "among us");
  await b2.sync();
  ok(!b2.texts(group).includes("among us"));
});

Deno.test("[J68] what is said while the conversation's node is killed, and while the bus starts anew, reaches everybody", async () => {
  await using stage = await startThree();
  const { servers, nats } = stage;
  const [ann, ben] = await people(servers[0]!, 2) as [Person, Person];
  await using a = await ann.live(servers[0]!);
  await using b = await ben.live(servers[1]!);
  const { conversation } = await a.send(ben, "hello");
  await b.send(conversation, "hi");
  for (const device of [a, b]) await device.has(conversation, "hi");
  const actors = await Promise.all(
    servers.map((server) => server.metric('barrage_actors{kind="conversation"}')),
  );
  const victim = servers[actors.indexOf(1)]!;
  const [here, there] = servers.filter((server) => server !== victim);
  await using speaker = await ann.live(here!);
  await using listener = await ben.live(there!);
  for (let n = 0; n < 20; n++) {
    if (n === 5) await victim.kill("SIGKILL");
    if (n === 12) await restart(nats);
    await insist(speaker, here!, conversation, `line ${n}`);
  }
  await listener.until(
    (notebook) => notebook.texts(conversation).at(-1) === "line 19",
    "the last line",
    30_000,
  );
  const said = ["hello", "hi", ...Array.from({ length: 20 }, (_, n) => `line ${n}`)];
  deepEqual(listener.texts(conversation), said);
  await speaker.until(
    (notebook) => notebook.texts(conversation).at(-1) === "line 19",
    "the last line",
    30_000,
  );
  deepEqual(speaker.texts(conversation), said);
});
