import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Profile } from "protocol/accounts.ts";
import type { Room } from "protocol/rooms.ts";
import { eventually } from "tests/cache/eventually.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { startRedis } from "tests/support/redis.ts";
import { startServer } from "tests/support/server.ts";
import { startThree } from "tests/support/three_nodes.ts";

const PASSWORD = "correct horse battery staple 9";

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
  await using server = await startServer();
  const owner = await HttpClient.guest(server.url, "Olga");
  const { id } = await owner.room();
  const url = `${server.url}/v1/rooms/${id}`;
  const first = await new HttpClient(server.url).get<Room>(`/v1/rooms/${id}`);
  equal(first.status, 200);
  const tag = first.headers.get("etag")!;
  match(tag, /^W\/"1\.\d+"$/);
  equal(first.headers.get("cache-control"), "public, max-age=1");
  match(first.headers.get("vary") ?? "", /authorization, cookie/);
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
  await using server = await startServer();
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
  await using server = await startServer();
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
  equal(
    (await list(Array.from({ length: 101 }, (_, n) => none.slice(0, 23) + String(n).padStart(3, "0"))))
      .status,
    422,
  );
  equal((await nobody.get("/v1/users")).status, 422);
  equal((await nobody.get(`/v1/users?login=gina`)).status, 401);
});

Deno.test("[LK43] on three nodes owners see their changes at once on each, and everybody else within the bound, while the cache is killed", async () => {
  await using redis = await startRedis();
  await using stage = await startThree({ REDIS_URL: redis.url, CARD_STALE_MS: 2_000, CARD_FRESH_MS: 1_000 });
  const owner = await HttpClient.guest(stage.servers[0]!.url, "Olga");
  const { id } = await owner.room();
  const on = stage.servers.map(({ url }) => ({
    own: new HttpClient(url, owner.token),
    other: new HttpClient(url),
  }));
  const title = async (client: HttpClient) => (await client.get<Room>(`/v1/rooms/${id}`)).body.title;
  for (let round = 1; round <= 12; round++) {
    if (round === 5) await redis.kill();
    if (round === 9) await redis.start();
    await Promise.all(on.map(({ other }) => title(other)));
    await owner.patch(`/v1/rooms/${id}`, { title: `Round ${round}` });
    const changed = performance.now();
    deepEqual(await Promise.all(on.map(({ own }) => title(own))), Array(3).fill(`Round ${round}`));
    await eventually("that everybody sees it", async () => {
      const titles = await Promise.all(on.map(({ other }) => title(other)));
      return titles.every((each) => each === `Round ${round}`);
    });
    ok(performance.now() - changed < 4_000);
  }
});
