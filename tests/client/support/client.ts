import { Barrage, type BarrageOptions } from "client/mod.ts";
import { FakeClock, settle } from "./fake_clock.ts";
import { ScriptedNetwork, type ScriptedSocket } from "./scripted_network.ts";

export const ROOM = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";

/** A client on a scripted network in a time of its own; `random` is 0.5, so delays are half their bound. */
export function offlineClient(options: Partial<BarrageOptions> = {}) {
  const clock = new FakeClock();
  const network = new ScriptedNetwork();
  const barrage = new Barrage({
    url: "https://live.test",
    token: "T1",
    clock,
    WebSocket: network.WebSocket,
    random: () => 0.5,
    ...options,
  });
  return { barrage, clock, network };
}

export async function openClient(options: Partial<BarrageOptions> = {}) {
  const client = offlineClient(options);
  const open = client.barrage.connect();
  await settle();
  await client.network.newest.accept();
  await open;
  return client;
}

/** A client inside ROOM at epoch 1, with everything up to `offset` seen. */
export async function insideRoom(offset = 10) {
  const client = await openClient();
  const room = client.barrage.room(ROOM);
  const seen: number[] = [];
  room.on("items", (items) => seen.push(...items.map((item) => item.offset)));
  const joined = room.join();
  await settle();
  await client.network.newest.reply("room.join", joinedAt(offset));
  await joined;
  return { ...client, room, seen };
}

export function joinedAt(offset: number, more: object = {}) {
  return { epoch: 1, offset, online: 1, recent: [], recovered: true, ...more };
}

export function item(offset: number) {
  return {
    kind: "say",
    offset,
    id: `I${offset}`,
    user: { id: "U2", name: "Bob" },
    text: "hi",
    count: 1,
    at: 0,
  };
}

/** A frame with every item from `from` to `to`. */
export function frame(from: number, to: number, more: object = {}) {
  const items = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => item(from + i));
  return { room: ROOM, epoch: 1, from, to, items, ...more };
}

export async function reconnect(
  { clock, network }: { clock: FakeClock; network: ScriptedNetwork },
): Promise<ScriptedSocket> {
  await network.newest.drop();
  await clock.advance(30_000);
  await network.newest.accept();
  return network.newest;
}
