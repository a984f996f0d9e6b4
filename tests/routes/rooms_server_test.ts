import { deepEqual, equal, ok } from "node:assert/strict";
import type { Room } from "protocol/rooms.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";

const UNKNOWN = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";

interface Page {
  readonly rooms: readonly Room[];
  readonly next?: string;
}

let server: Server;
let nobody: HttpClient;
let owner: HttpClient;
let other: HttpClient;

Deno.test.beforeAll(async () => {
  server = await startServer();
  nobody = new HttpClient(server.url);
  owner = await HttpClient.guest(server.url, "Olga");
  other = await HttpClient.guest(server.url, "Ivan");
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

Deno.test("[H10] a user opens a room and owns it, and the answer says where it is", async () => {
  const { status, headers, body } = await owner.post<Room>("/v1/rooms", {
    title: " First\nroom ",
    settings: { textMax: 50 },
  });
  equal(status, 201);
  equal(headers.get("location"), `/v1/rooms/${body.id}`);
  deepEqual([body.title, body.owner.name, body.state, body.online], ["First room", "Olga", "live", 0]);
  deepEqual(body.settings, { sayPerSecond: 5, sayBurst: 20, textMax: 50, guestsMaySay: true });
  deepEqual((await nobody.get<Room>(`/v1/rooms/${body.id}`)).body, body);
});

Deno.test("[H10] nobody opens a room without a token", async () => {
  const { status, headers, body } = await nobody.post("/v1/rooms", { title: "Room" });
  deepEqual([status, body.reason], [401, "unauthenticated"]);
  equal(headers.get("www-authenticate"), "Bearer");
});

Deno.test("[H11] a wrong field is refused with its path, and the room's limits may only be tightened", async () => {
  const wrong: [object, string][] = [
    [{}, "body.title"],
    [{ title: "" }, "body.title"],
    [{ title: "x".repeat(101) }, "body.title"],
    [{ title: 7 }, "body.title"],
    [{ title: "Room", id: UNKNOWN }, "body.id"],
    [{ title: "Room", settings: { textMax: 201 } }, "body.settings.textMax"],
    [{ title: "Room", settings: { textMax: 0 } }, "body.settings.textMax"],
    [{ title: "Room", settings: { textMax: 1.5 } }, "body.settings.textMax"],
    [{ title: "Room", settings: { sayPerSecond: 6 } }, "body.settings.sayPerSecond"],
    [{ title: "Room", settings: { sayBurst: 21 } }, "body.settings.sayBurst"],
    [{ title: "Room", settings: { guestsMaySay: "yes" } }, "body.settings.guestsMaySay"],
    [{ title: "Room", settings: { secret: 1 } }, "body.settings.secret"],
    [{ title: "Room", settings: null }, "body.settings"],
  ];
  for (const [input, path] of wrong) {
    const { status, body } = await owner.post("/v1/rooms", input);
    deepEqual([status, body.reason, body.path], [422, "invalid_params", path], JSON.stringify(input));
  }
});

Deno.test("[H12] an unknown room is 404 and a malformed id 422, for every route of a room", async () => {
  const calls = (id: string) => [
    owner.get(`/v1/rooms/${id}`),
    owner.patch(`/v1/rooms/${id}`, { title: "New" }),
    owner.delete(`/v1/rooms/${id}`),
    owner.get(`/v1/rooms/${id}/messages`),
    owner.post(`/v1/rooms/${id}/messages`, { text: "hi" }),
    owner.get(`/v1/rooms/${id}/events`),
  ];
  for (const { status, body } of await Promise.all(calls(UNKNOWN))) {
    deepEqual([status, body.reason], [404, "not_found"]);
  }
  for (const { status, body } of await Promise.all(calls("lobby"))) {
    deepEqual([status, body.reason, body.path], [422, "invalid_params", "path.room"]);
  }
});

Deno.test("[H13] the owner changes title and settings; what is not given stays", async () => {
  const { id, settings } = await owner.room({ textMax: 50 });
  const renamed = await owner.patch<Room>(`/v1/rooms/${id}`, { title: "New" });
  deepEqual([renamed.status, renamed.body.title, renamed.body.settings], [200, "New", settings]);
  const tightened = await owner.patch<Room>(`/v1/rooms/${id}`, { settings: { sayBurst: 1 } });
  deepEqual(tightened.body.settings, { ...settings, sayBurst: 1 });
  deepEqual((await nobody.get<Room>(`/v1/rooms/${id}`)).body.title, "New");
});

Deno.test("[H13] neither another user nor anybody without a token may change or delete a room", async () => {
  const { id } = await owner.room();
  for (
    const send of [
      () => other.patch(`/v1/rooms/${id}`, { title: "Mine" }),
      () => other.delete(`/v1/rooms/${id}`),
    ]
  ) {
    const { status, body } = await send();
    deepEqual([status, body.reason], [403, "forbidden"]);
  }
  for (
    const send of [
      () => nobody.patch(`/v1/rooms/${id}`, { title: "Mine" }),
      () => nobody.delete(`/v1/rooms/${id}`),
    ]
  ) {
    equal((await send()).status, 401);
  }
  equal((await nobody.get<Room>(`/v1/rooms/${id}`)).body.title, "Room");
});

Deno.test("[H14] an ended room can be read but no longer changed or said in", async () => {
  const { id } = await owner.room();
  const ended = await owner.patch<Room>(`/v1/rooms/${id}`, { state: "ended" });
  deepEqual([ended.status, ended.body.state], [200, "ended"]);
  ok((ended.body.endedAt ?? 0) >= ended.body.createdAt);
  equal((await nobody.get<Room>(`/v1/rooms/${id}`)).body.state, "ended");
  equal((await nobody.get(`/v1/rooms/${id}/messages`)).status, 200);
  equal((await owner.post(`/v1/rooms/${id}/messages`, { text: "hi" })).status, 410);
  equal((await owner.patch(`/v1/rooms/${id}`, { title: "New" })).status, 410);
  equal((await owner.patch(`/v1/rooms/${id}`, { state: "live" })).body.path, "body.state");
});

Deno.test("[H15] a deleted room is gone for everybody and from the list", async () => {
  const { id } = await owner.room();
  const { status, body } = await owner.delete<string>(`/v1/rooms/${id}`);
  deepEqual([status, body], [204, ""]);
  for (const path of ["", "/messages", "/events"]) {
    const gone = await nobody.get(`/v1/rooms/${id}${path}`);
    deepEqual([gone.status, gone.body.reason], [410, "gone"], path);
  }
  equal((await owner.delete(`/v1/rooms/${id}`)).status, 410);
  ok(!(await nobody.get<Page>("/v1/rooms?limit=100")).body.rooms.some((room) => room.id === id));
});

Deno.test("[H16] the list has every room once, the newest first, in pages of the size asked for", async () => {
  await using quiet = await startServer();
  const guest = await HttpClient.guest(quiet.url);
  const made: string[] = [];
  for (let n = 0; n < 7; n++) made.unshift((await guest.room({}, `Room ${n}`)).id);
  await guest.patch(`/v1/rooms/${made[2]}`, { state: "ended" });
  const listed: string[] = [];
  const sizes: number[] = [];
  let before = "";
  for (;;) {
    const { body } = await guest.get<Page>(`/v1/rooms?limit=3${before}`);
    listed.push(...body.rooms.map(({ id }) => id));
    sizes.push(body.rooms.length);
    if (body.next === undefined) break;
    before = `&before=${body.next}`;
  }
  deepEqual(listed, made);
  deepEqual(sizes, [3, 3, 1]);
  const { body: ended } = await guest.get<Page>("/v1/rooms?state=ended");
  deepEqual(ended.rooms.map(({ id }) => id), [made[2]]);
});

Deno.test("[H16] a page size or a position that cannot be is refused with its path", async () => {
  const wrong: [string, string][] = [
    ["limit=0", "query.limit"],
    ["limit=101", "query.limit"],
    ["limit=1.5", "query.limit"],
    ["limit=many", "query.limit"],
    ["limit=", "query.limit"],
    ["before=first", "query.before"],
    ["state=deleted", "query.state"],
  ];
  for (const [query, path] of wrong) {
    const { status, body } = await nobody.get(`/v1/rooms?${query}`);
    deepEqual([status, body.path], [422, path]);
  }
});

Deno.test("[H17] an address opens so many rooms a minute, then 429", async () => {
  await using strict = await startServer({ ROOMS_PER_MINUTE: 1 });
  const guest = await HttpClient.guest(strict.url);
  equal((await guest.post("/v1/rooms", { title: "One" })).status, 201);
  const { status, headers } = await guest.post("/v1/rooms", { title: "Two" });
  equal(status, 429);
  ok(Number(headers.get("retry-after")) > 0);
});
