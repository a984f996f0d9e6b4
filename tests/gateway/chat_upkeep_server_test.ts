import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Conversation } from "protocol/chat.ts";
import type { Presence } from "protocol/chat_methods.ts";
import { msgpack } from "protocol/msgpack.ts";
import { type Device, Person } from "tests/support/chatter.ts";
import { type Server, startServer } from "tests/support/server.ts";

let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer({ PRESENCE_MAX: 2 });
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

async function meet(): Promise<readonly [Person, Person]> {
  return [await Person.register(server), await Person.register(server)];
}

async function toldOf(device: Device, method: string): Promise<Record<string, unknown>[]> {
  const inbox = () => device.socket.inbox as { method?: string; params: Record<string, unknown> }[];
  await device.socket.until(() => inbox().some((told) => told.method === method), method);
  return inbox().filter((told) => told.method === method).map(({ params }) => params);
}

/** Until the device, which watches, has been told of the going of that person. */
async function seesOff(device: Device, { id }: Person): Promise<void> {
  const gone = () =>
    (device.socket.inbox as { method?: string; params: Presence }[]).some(({ method, params }) =>
      method === "chat.presence" && params.user === id && !params.online
    );
  await device.socket.until(gone, "the going");
}

Deno.test("[J111] both hear on all their devices how far a device has it, in both codecs", async () => {
  const [ann, ben] = await meet();
  await using a1 = await ann.live(server);
  await using a2 = await ann.live(server, { codec: msgpack });
  await using b1 = await ben.live(server);
  await using b2 = await ben.live(server);
  const { conversation, seq } = await a1.send(ben, "hello");
  for (const device of [a1, a2, b1, b2]) await device.has(conversation, "hello");
  const view = (device: Device) => device.socket.call<Conversation>("chat.open", { conversation });
  const before = await view(a1);
  deepEqual([before.deliveredSeq, before.peerDeliveredSeq], [0, 0]);
  const cursor = await b1.socket.call<Record<string, unknown>>("chat.delivered", { conversation, seq });
  deepEqual([cursor["user"], cursor["deliveredSeq"]], [ben.id, seq]);
  for (const device of [a1, a2, b1, b2]) deepEqual(await toldOf(device, "chat.delivered"), [cursor]);
  const after = await view(a1);
  deepEqual([after.peerDeliveredSeq, after.peerReadSeq], [seq, 0]);
});

Deno.test("[J140] whoever has just gone was last seen now, and is after the server was stopped and started", async () => {
  await using own = await startServer();
  const [ann, ben] = [await Person.register(own), await Person.register(own)];
  const ask = async (device: Device) => {
    const { users } = await device.socket.call<{ users: Presence[] }>("chat.presence", { users: [ben.id] });
    return users[0]!;
  };
  const minute = (at: number) => at - at % 60_000;
  const since = Date.now();
  {
    await using a = await ann.live(own);
    deepEqual(await ask(a), { user: ben.id, online: false });
    {
      await using b = await ben.live(own);
      await toldOf(a, "chat.presence");
      deepEqual(await ask(a), { user: ben.id, online: true });
      ok(b);
    }
    await seesOff(a, ben);
    const { lastSeenAt = 0 } = await ask(a);
    ok(lastSeenAt >= minute(since) && lastSeenAt <= Date.now());
  }
  await own.kill("SIGTERM");
  await own.restart();
  await using a = await ann.live(own);
  const { online, lastSeenAt = 0 } = await ask(a);
  equal(online, false);
  ok(lastSeenAt >= minute(since) && lastSeenAt <= Date.now());
});

Deno.test("[J132] nobody watches more than PRESENCE_MAX users", async () => {
  const [ann, ben] = await meet();
  await using a = await ann.live(server);
  const users = [ann.id, ben.id];
  equal((await a.socket.call<{ users: Presence[] }>("chat.presence", { users })).users.length, 2);
  await rejects(a.socket.call("chat.presence", { users: [...users, ben.id] }), { reason: "invalid_params" });
});

Deno.test("[J141] privacy.lastSeen is set like the rest of it, and what is not given stays", async () => {
  const [ann, ben] = await meet();
  await using a = await ann.live(server);
  const set = async (privacy: Record<string, string>) =>
    (await ben.http(server).patch<{ privacy: unknown }>("/v1/account", { privacy })).body.privacy;
  const ask = async () =>
    (await a.socket.call<{ users: Presence[] }>("chat.presence", { users: [ben.id] })).users[0]!.lastSeenAt;
  {
    await using _ = await ben.live(server);
    await ask();
  }
  await seesOff(a, ben);
  ok(await ask() !== undefined);
  deepEqual(await set({ lastSeen: "contacts" }), {
    bio: "everyone",
    presence: "everyone",
    lastSeen: "contacts",
  });
  equal(await ask(), undefined);
  deepEqual(await set({ bio: "members" }), { bio: "members", presence: "everyone", lastSeen: "contacts" });
  await set({ lastSeen: "everyone" });
  ok(await ask() !== undefined);
});
