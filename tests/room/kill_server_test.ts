import { ok } from "node:assert/strict";
import type { Item } from "protocol/items.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { startServer } from "tests/support/server.ts";
import { CallError } from "tests/support/socket_client.ts";
import { checkStorm, Spectator, Talker } from "./storm.ts";

const SAYS = 10;
/** How many acknowledgements of a round the server lives to give. */
const LIVES = [1, 9, 33, 17, 26];

async function read(client: HttpClient, room: string): Promise<Item[]> {
  const items: Item[] = [];
  for (let after: number | undefined = 0; after !== undefined;) {
    const path = `/v1/rooms/${room}/messages?limit=1000&after=${after}`;
    const page: { items: Item[]; next?: number } =
      (await client.get<{ items: Item[]; next?: number }>(path)).body;
    items.push(...page.items);
    after = page.next;
  }
  return items;
}

Deno.test("[M91] kill -9 in a storm, five times: nothing acknowledged is lost or doubled, nobody misses an item", async () => {
  await using server = await startServer({ TICK_MS: 20 });
  const owner = await HttpClient.guest(server.url, "Owner");
  const { id: room } = await owner.room();
  const guests = await Promise.all(Array.from({ length: 9 }, () => HttpClient.guest(server.url)));
  const talkers = guests.slice(0, 6).map(({ token }, n) => new Talker(room, token, `talker ${n}`));
  const spectators = guests.slice(6).map(({ token }) => new Spectator(room, token));
  const early = spectators.slice(1);
  const late = spectators[0]!;
  const { promise: last, resolve: end } = Promise.withResolvers<number>();
  let cutOff = 0;

  for (const acksMax of LIVES) {
    const url = server.socketUrl;
    await Promise.all([...talkers, ...early].map((client) => client.enter(url)));
    const watching = Promise.all(early.map((spectator) => spectator.watch(last)));
    const enough = Promise.withResolvers<void>();
    let acks = 0;
    const onAck = () => {
      if (++acks === acksMax) enough.resolve();
    };
    const talking = Promise.all(talkers.map((talker) => talker.talk(SAYS, onAck)));
    const watchingLate = late.enter(url).then(() => late.watch(last), (error) => {
      if (error instanceof CallError) throw error;
    });
    await Promise.race([enough.promise, talking]);
    await server.kill("SIGKILL");
    await Promise.all([talking, watching, watchingLate]);
    cutOff += talkers.flatMap(({ unacked }) => unacked).length;
    await server.restart();
  }

  await Promise.all([...talkers, ...early].map((client) => client.enter(server.socketUrl)));
  const watching = Promise.all(early.map((spectator) => spectator.watch(last)));
  const talking = Promise.all(talkers.map((talker) => talker.talk(SAYS, () => {})));
  await late.enter(server.socketUrl);
  const watchingLate = late.watch(last);
  await talking;
  const history = await read(owner, room);
  end(history.length);
  await Promise.all([watching, watchingLate]);
  ok(cutOff > 20, `only ${cutOff} danmaku were on their way when the server was killed`);
  ok(talkers.every(({ unacked }) => unacked.length === 0), "something was never acknowledged");
  for (const { epochs } of spectators) ok(epochs.every((epoch, n) => n === 0 || epoch > epochs[n - 1]!));
  checkStorm(history, talkers, spectators);
});
