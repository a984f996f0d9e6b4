import { deepEqual, equal } from "node:assert/strict";
import type { Mute, Room } from "protocol/rooms.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { CallError, SocketClient } from "tests/support/socket_client.ts";

const NOBODY = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";

let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer();
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

interface Person extends HttpClient {
  readonly id: string;
  readonly token: string;
}

async function guest(name: string): Promise<Person> {
  const { body } = await new HttpClient(server.url).post<{ token: string; user: { id: string } }>(
    "/v1/guests",
    {
      name,
    },
  );
  return Object.assign(new HttpClient(server.url, body.token), { id: body.user.id, token: body.token });
}

async function people() {
  const [owner, ann, loud] = await Promise.all([guest("Owen"), guest("Ann"), guest("Lou")]);
  const { id } = await owner.room();
  return { owner, ann, loud, id, path: `/v1/rooms/${id}` };
}

Deno.test("[M100] moderators are appointed and dismissed over HTTP, and shown at once, in lists too", async () => {
  const { owner, ann, id, path } = await people();
  const appointed = await owner.put<Room>(`${path}/moderators/${ann.id}`);
  deepEqual([appointed.status, appointed.body.moderators], [200, [ann.id]]);
  const listed = async () => {
    const { body } = await owner.get<{ rooms: Room[] }>("/v1/rooms");
    const room = body.rooms.find((room) => room.id === id);
    return [room?.moderators, room && "mutes" in room];
  };
  deepEqual(await listed(), [[ann.id], false]);
  equal((await owner.delete(`${path}/moderators/${ann.id}`)).status, 204);
  deepEqual(await listed(), [[], false]);
  equal((await owner.put(`${path}/moderators/${owner.id}`)).status, 409);
  equal((await owner.put(`${path}/moderators/me`)).body.path, "path.user");
});

Deno.test("[M101] a mute over HTTP is 403 muted with Retry-After for whoever it is about, on sockets too", async () => {
  const { owner, ann, loud, id, path } = await people();
  await owner.put(`${path}/moderators/${ann.id}`);
  await using socket = await SocketClient.greet(server.socketUrl, loud.token);
  await socket.call("room.join", { room: id });
  const muted = await ann.put<Mute>(`${path}/mutes/${loud.id}`, { forMs: 60_000 });
  deepEqual([muted.status, muted.body.user], [200, loud.id]);
  deepEqual((await ann.get<{ mutes: Mute[] }>(`${path}/mutes`)).body.mutes, [muted.body]);
  const said = await loud.post(`${path}/messages`, { text: "hey" });
  deepEqual([said.status, said.body.reason, said.headers.get("retry-after")], [403, "muted", "60"]);
  const refusal = await socket.call("room.say", { room: id, text: "hey" }).catch((error) => error);
  equal(refusal instanceof CallError && refusal.reason, "muted");
  equal(refusal.retryAfterMs > 0 && refusal.retryAfterMs <= 60_000, true);
  equal((await ann.delete(`${path}/mutes/${loud.id}`)).status, 204);
  equal((await loud.post(`${path}/messages`, { text: "hey" })).status, 202);
});

Deno.test("[M101] over a socket a moderator mutes and unmutes, also in a room he is not in", async () => {
  const { owner, ann, loud, id, path } = await people();
  await owner.put(`${path}/moderators/${ann.id}`);
  await using socket = await SocketClient.greet(server.socketUrl, ann.token);
  const mute = await socket.call<{ user: string }>("room.mute", { room: id, user: loud.id, forMs: 60_000 });
  equal(mute.user, loud.id);
  equal((await loud.post(`${path}/messages`, { text: "hey" })).body.reason, "muted");
  deepEqual(await socket.call("room.unmute", { room: id, user: loud.id }), {});
  equal((await loud.post(`${path}/messages`, { text: "hey" })).status, 202);
});

Deno.test("[M101] a mute that makes no sense is refused with the path", async () => {
  const { owner, path } = await people();
  for (const body of [{}, { forMs: 1 }, { forMs: "1h" }, { forMs: 1_000, why: "loud" }]) {
    equal((await owner.put(`${path}/mutes/${NOBODY}`, body)).status, 422);
  }
  const unknown = await owner.put(`/v1/rooms/${NOBODY}/mutes/${NOBODY}`, { forMs: 1_000 });
  equal(unknown.status, 404);
});

Deno.test("[M102] mutes and moderators outlive a kill of the server", async () => {
  await using server = await startServer();
  const owner = await HttpClient.guest(server.url, "Owen");
  const path = `/v1/rooms/${(await owner.room()).id}`;
  await owner.put(`${path}/moderators/${NOBODY}`);
  const { body: mute } = await owner.put<Mute>(`${path}/mutes/${NOBODY}`, { forMs: 3_600_000 });
  await server.kill("SIGKILL");
  await server.restart();
  deepEqual((await owner.get<Room>(path)).body.moderators, [NOBODY]);
  deepEqual((await owner.get<{ mutes: Mute[] }>(`${path}/mutes`)).body.mutes, [mute]);
});
