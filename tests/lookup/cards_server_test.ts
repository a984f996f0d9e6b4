import { ulid } from "@std/ulid";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { HotCards } from "protocol/hot.ts";
import type { Profile } from "protocol/accounts.ts";
import type { Room } from "protocol/rooms.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { operate } from "../../ops/ops.ts";

const PASSWORD = "correct horse battery staple 9";

let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer();
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

interface SignedIn {
  readonly token: string;
  readonly user: { readonly id: string };
}

async function member(url: string, login: string): Promise<{ client: HttpClient; id: string }> {
  const { body, status } = await new HttpClient(url).post<SignedIn>("/v1/accounts", {
    ...{ login, password: PASSWORD, transport: "body" },
  });
  equal(status, 201, JSON.stringify(body));
  return { client: new HttpClient(url, body.token), id: body.user.id };
}

/** As browsers ask again for what they have. */
async function conditional(url: string, tag: string): Promise<Response> {
  const response = await fetch(url, { headers: { "if-none-match": tag } });
  if (response.status === 304) await response.body?.cancel();
  return response;
}

Deno.test("[LK40] cards have tags with which they are not sent twice, and a change ends that", async () => {
  const owner = await HttpClient.guest(server.url, "Olga");
  const { id } = await owner.room();
  const url = `${server.url}/v1/rooms/${id}`;
  const first = await new HttpClient(server.url).get<Room>(`/v1/rooms/${id}`);
  equal(first.status, 200);
  const tag = first.headers.get("etag")!;
  match(tag, /^W\/"1\.\d+"$/);
  equal(first.headers.get("cache-control"), "public, max-age=1");
  match(first.headers.get("vary") ?? "", /authorization, cookie/);
  equal(first.headers.get("access-control-allow-origin"), "*");
  const elsewhere = await new HttpClient(server.url).get(`/v1/rooms/${id}`, { origin: "https://a.example" });
  equal(elsewhere.headers.get("access-control-allow-origin"), "*");
  match(elsewhere.headers.get("access-control-expose-headers") ?? "", /etag/);
  equal((await conditional(url, tag)).status, 304);
  equal((await conditional(url, `"other", ${tag}`)).status, 304);
  await owner.patch(`/v1/rooms/${id}`, { title: "Renamed" });
  const second = await conditional(url, tag);
  equal(second.status, 200);
  equal((await second.json()).title, "Renamed");
  const own = await owner.get<Room>(`/v1/rooms/${id}`);
  equal(own.headers.get("cache-control"), "private, no-cache");
});

Deno.test("[LK41] what a caller may see of a card is decided for each, whoever asked before", async () => {
  const { client: erin, id } = await member(server.url, "erin");
  const { client: frank } = await member(server.url, "frank");
  const nobody = new HttpClient(server.url);
  await erin.patch("/v1/account", { bio: "About me", privacy: { bio: "members" } });
  const bio = async (client: HttpClient) => (await client.get<Profile>(`/v1/users/${id}`)).body.bio;
  const all = () => Promise.all([erin, frank, nobody, erin, nobody].map(bio));
  deepEqual(await all(), ["About me", "About me", undefined, "About me", undefined]);
  const tags = await Promise.all(
    [frank, nobody].map(async (client) => (await client.get(`/v1/users/${id}`)).headers.get("etag")),
  );
  ok(tags[0] !== tags[1]);
  await erin.patch("/v1/account", { privacy: { bio: "nobody" } });
  deepEqual(await all(), ["About me", undefined, undefined, "About me", undefined]);
});

Deno.test("[LK42] up to a hundred users are shown at once; those that there are not are missing, one that is none is refused", async () => {
  const ids = [(await member(server.url, "gina")).id, (await member(server.url, "hugo")).id];
  const nobody = new HttpClient(server.url);
  const none = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  const list = async (ids: readonly string[]) =>
    await nobody.get<{ users: Profile[] }>(`/v1/users?ids=${ids.join(",")}`);
  deepEqual((await list([ids[1]!, none, ids[0]!, ids[1]!])).body.users.map(({ login }) => login), [
    "hugo",
    "gina",
  ]);
  equal((await list(["x"])).status, 422);
  for (const many of [101, 500]) {
    const ids = Array.from({ length: many }, (_, n) => none.slice(0, 23) + String(n).padStart(3, "0"));
    const { status, body } = await nobody.get<{ detail: string }>(`/v1/users?ids=${ids}`);
    deepEqual([status, body.detail], [422, "Cannot use query.ids: must be 1-100 ids with commas between"]);
  }
  equal((await nobody.get("/v1/users")).status, 422);
  equal((await nobody.get(`/v1/users?login=gina`)).status, 401);
});

Deno.test("[LK50] ten thousand users that there are not, old and young ones, cost next to no query", async () => {
  const nobody = new HttpClient(server.url);
  await member(server.url, "kate");
  const queries = `barrage_lookups_total{entity="user",what="queries"}`;
  const before = await server.metric(queries);
  for (let batch = 0; batch < 100; batch++) {
    const at = batch % 2 === 0 ? Date.now() : Date.UTC(2020, 1, 1);
    const ids = Array.from({ length: 100 }, () => ulid(at));
    const { status, body } = await nobody.get<{ users: Profile[] }>(`/v1/users?ids=${ids}`);
    deepEqual([status, body.users], [200, []]);
  }
  ok(await server.metric(queries) - before <= 10);
});

Deno.test("[LK60] [LK62] [U13] operators list what is read most, whatever flood went before, over HTTP and with `deno task ops hot list`", async () => {
  const { client, id } = await member(server.url, "ivan");
  const { id: room } = await client.room();
  const nobody = new HttpClient(server.url);
  await Promise.all(Array.from({ length: 80 }, () => nobody.get(`/v1/users/${id}`)));
  await Promise.all(Array.from({ length: 40 }, () => nobody.get(`/v1/rooms/${room}`)));
  equal((await nobody.get("/v1/hot-cards")).status, 401);
  equal((await client.get("/v1/hot-cards")).status, 403);
  const key = (await Deno.readTextFile(`${server.dataDir}/operator_key`)).trim();
  const { body } = await new HttpClient(server.url, key).get<HotCards>("/v1/hot-cards?limit=2");
  equal(body.nodes, 1);
  deepEqual(body.cards.map(({ entity, id, error }) => [entity, id, error]), [["user", id, 0], [
    "room",
    room,
    0,
  ]]);
  ok(body.cards[0]!.perSecond >= 5);
  const env: Record<string, string> = { PORT: String(server.port), DATA_DIR: server.dataDir };
  const { code, text } = await operate(["hot", "list", "--limit", "1"], (name) => env[name]);
  equal(code, 0, text);
  match(text, new RegExp(`^WHAT +ID +READS/S.*\\nuser +${id} +\\d+\\.\\d`));
});

Deno.test("[LK44] whoever asks for whatever card is answered the same from the node's memory as by the app", async () => {
  const { client: lena, id } = await member(server.url, "lena");
  const { client: mike } = await member(server.url, "mike");
  const { client: nora, id: gone } = await member(server.url, "nora");
  await lena.patch("/v1/account", { bio: "Hello", privacy: { bio: "members" } });
  equal((await mike.get(`/v1/users/${gone}`)).status, 200);
  await fetch(`${server.url}/v1/account`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${nora.token}`, "content-type": "application/json" },
    body: JSON.stringify({ password: PASSWORD }),
  }).then(async (response) => equal(response.status, 204, await response.text()));
  const { id: room } = await lena.room();
  const guest = await HttpClient.guest(server.url);
  const nobody = new HttpClient(server.url);
  const paths = [`/v1/users/${id}`, `/v1/users/${gone}`, `/v1/rooms/${room}`, `/v1/users/${ulid()}`];
  // Only to scripts of other sites the app says what they may read, and everything to nobody else.
  const app = { origin: "https://elsewhere.example" };
  for (const path of paths) {
    for (const client of [nobody, guest, mike, lena, new HttpClient(server.url, "garbage"), nora]) {
      const { headers } = await client.get(path);
      for (const tag of [undefined, headers.get("etag") ?? `"1.x"`, `W/"1.short"`, `W/"99.full"`, "*"]) {
        const has: Record<string, string> = tag === undefined ? {} : { "if-none-match": tag };
        const answers = [await client.get(path, has), await client.get(path, { ...has, ...app })];
        const [quick, full] = answers.map(({ status, headers, body }) => {
          const { date: _, "access-control-expose-headers": __, ...said } = Object.fromEntries(headers);
          return { status, body, said };
        });
        deepEqual(quick, full);
      }
    }
  }
});
