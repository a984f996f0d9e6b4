import { deepEqual, equal } from "node:assert/strict";
import type { Item } from "protocol/items.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";

interface Page {
  readonly items: readonly Item[];
  readonly next?: number;
}

let server: Server;
let guest: HttpClient & { readonly token: string };

Deno.test.beforeAll(async () => {
  server = await startServer({ TICK_MS: 10 });
  guest = await HttpClient.guest(server.url);
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

Deno.test("[H20] what is said over HTTP comes to the viewers and is read back from history", async () => {
  const { id } = await guest.room();
  await using viewer = await SocketClient.greet(server.socketUrl, guest.token);
  await viewer.call("room.join", { room: id });
  const { status, body } = await guest.post(`/v1/rooms/${id}/messages`, { text: "from a script", id: "m1" });
  deepEqual([status, body], [202, { accepted: true }]);
  await guest.post(`/v1/rooms/${id}/messages`, { text: "from a script", id: "m1" });
  const frame = await viewer.next("room.frame", ({ items }) => items.length > 0);
  deepEqual(frame.items.map(({ text, count }) => [text, count]), [["from a script", 1]]);
  const history = await new HttpClient(server.url).get<Page>(`/v1/rooms/${id}/messages`);
  deepEqual(history.body, { items: frame.items });
});

Deno.test("[H20] nobody says anything without a token", async () => {
  const { id } = await guest.room();
  equal((await new HttpClient(server.url).post(`/v1/rooms/${id}/messages`, { text: "hi" })).status, 401);
});

Deno.test("[H21] what cannot be said is refused with its path", async () => {
  const { id } = await guest.room();
  const wrong: [object, string][] = [
    [{}, "body.text"],
    [{ text: "\u200b" }, "body.text"],
    [{ text: "x".repeat(201) }, "body.text"],
    [{ text: "hi", id: "with space" }, "body.id"],
    [{ text: "hi", style: { color: "blue" } }, "body.style.color"],
    [{ text: "hi", room: id }, "body.room"],
  ];
  for (const [input, path] of wrong) {
    const { status, body } = await guest.post(`/v1/rooms/${id}/messages`, input);
    deepEqual([status, body.reason, body.path], [422, "invalid_params", path]);
  }
});

Deno.test("[H22] history is read on by offset, without a hole or a repetition, to its end", async () => {
  const { id } = await guest.room();
  for (let n = 1; n <= 12; n++) await guest.post(`/v1/rooms/${id}/messages`, { text: `line ${n}` });
  const offsets: number[] = [];
  let after = 0;
  for (;;) {
    const { body } = await guest.get<Page>(`/v1/rooms/${id}/messages?after=${after}&limit=5`);
    offsets.push(...body.items.map(({ offset }) => offset));
    if (body.next === undefined) break;
    after = body.next;
  }
  deepEqual(offsets, Array.from({ length: 12 }, (_, i) => i + 1));
  deepEqual((await guest.get<Page>(`/v1/rooms/${id}/messages?after=12`)).body, { items: [] });
  deepEqual((await guest.get<Page>(`/v1/rooms/${id}/messages?after=999`)).body, { items: [] });
});

Deno.test("[H22] an offset or a size that cannot be is refused with its path", async () => {
  const { id } = await guest.room();
  const wrong: [string, string][] = [
    ["after=-1", "query.after"],
    ["after=x", "query.after"],
    ["after=1.5", "query.after"],
    ["after=99999999999999999999", "query.after"],
    ["limit=0", "query.limit"],
    ["limit=1001", "query.limit"],
  ];
  for (const [query, path] of wrong) {
    const { status, body } = await guest.get(`/v1/rooms/${id}/messages?${query}`);
    deepEqual([status, body.path], [422, path]);
  }
});

Deno.test("[H23] who speaks too fast gets 429 with the time to wait", async () => {
  const { id } = await guest.room({ sayBurst: 1, sayPerSecond: 0.1 });
  equal((await guest.post(`/v1/rooms/${id}/messages`, { text: "one" })).status, 202);
  const { status, headers, body } = await guest.post(`/v1/rooms/${id}/messages`, { text: "two" });
  deepEqual([status, body.reason], [429, "rate_limited"]);
  equal(Number(headers.get("retry-after")), Math.ceil((body.retryAfterMs ?? 0) / 1_000));
});

Deno.test("[H24] what was acknowledged is there after the server was killed", async () => {
  await using mortal = await startServer();
  const speaker = await HttpClient.guest(mortal.url);
  const { id } = await speaker.room();
  for (const text of ["one", "two"]) {
    equal((await speaker.post(`/v1/rooms/${id}/messages`, { text })).status, 202);
  }
  await mortal.kill("SIGKILL");
  await mortal.restart();
  const { body } = await speaker.get<Page>(`/v1/rooms/${id}/messages`);
  deepEqual(body.items.map(({ text }) => text), ["one", "two"]);
  equal(
    (await speaker.post(`/v1/rooms/${id}/messages`, { text: "three" })).status,
    202,
    "its token is good still",
  );
});
