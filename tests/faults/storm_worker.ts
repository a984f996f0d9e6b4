/// <reference lib="deno.worker" />
import { Barrage, createGuest } from "client/mod.ts";
import type { StormReply, StormRequest } from "./storm.ts";

const LOOK_MS = 50;
const GATHER_AT_ONCE = 50;
const PATIENCE_MS = 120_000;

let clients: readonly Barrage[] = [];
let rooms: readonly string[] = [];

self.onmessage = async ({ data }: MessageEvent<StormRequest>) => {
  const since = performance.now();
  let reply: StormReply;
  try {
    await carryOut(data);
    reply = { ms: performance.now() - since };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
};

async function carryOut(request: StormRequest): Promise<void> {
  switch (request.kind) {
    case "gather":
      rooms = request.rooms;
      return await gather(request.url, request.size);
    case "away":
      return await until(PATIENCE_MS, () => clients.every(({ state }) => state.status !== "open"));
    case "back":
      return await until(request.patienceMs, () => inside() === clients.length);
    default:
      request satisfies never;
  }
}

async function gather(url: string, size: number): Promise<void> {
  // One guest for all: tokens are not what is tested.
  const { token } = await createGuest({ url, name: "storm" });
  clients = Array.from({ length: size }, () => new Barrage({ url, token, timeoutMs: PATIENCE_MS }));
  for (let at = 0; at < size; at += GATHER_AT_ONCE) {
    await Promise.all(clients.slice(at, at + GATHER_AT_ONCE).map((_, n) => roomOf(at + n).join()));
  }
}

function inside(): number {
  return clients.filter((_, n) => roomOf(n).state.status === "inside").length;
}

function roomOf(n: number) {
  return clients[n]!.room(rooms[n % rooms.length]!);
}

async function until(patienceMs: number, condition: () => boolean): Promise<void> {
  for (const end = performance.now() + patienceMs; !condition();) {
    if (performance.now() > end) {
      throw new Error(`Cannot see the storm settle: ${inside()} of ${clients.length} are inside`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
