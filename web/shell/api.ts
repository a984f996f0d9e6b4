import { BarrageCallError, problemError } from "client/mod.ts";
import type { Item } from "protocol/items.ts";
import type { Room } from "protocol/rooms.ts";

export type { Room };

/** The newest hundred that are live. */
export async function listRooms(): Promise<Room[]> {
  const page = await request<{ rooms: Room[] }>("/v1/rooms?state=live&limit=100");
  return page.rooms;
}

export function readRoom(id: string): Promise<Room> {
  return request(`/v1/rooms/${encodeURIComponent(id)}`);
}

const HISTORY_PAGES_MAX = 10;

/** The last `lines` items of a room that nobody can join any more, as far as ten pages reach. */
export async function readTail(id: string, lines: number): Promise<Item[]> {
  let tail: Item[] = [];
  let after: number | undefined = 0;
  for (let page = 0; page < HISTORY_PAGES_MAX && after !== undefined; page++) {
    const path = `/v1/rooms/${encodeURIComponent(id)}/messages?after=${after}&limit=1000`;
    const answer: { items: Item[]; next?: number } = await request(path);
    tail = [...tail, ...answer.items].slice(-lines);
    after = answer.next;
  }
  return tail;
}

export function createRoom(token: string, title: string): Promise<Room> {
  return request("/v1/rooms", { method: "POST", token, body: { title } });
}

export function updateRoom(
  token: string,
  id: string,
  patch: { title?: string; state?: "ended" },
): Promise<Room> {
  return request(`/v1/rooms/${encodeURIComponent(id)}`, { method: "PATCH", token, body: patch });
}

async function request<T>(
  path: string,
  { method = "GET", token, body }: { method?: string; token?: string; body?: unknown } = {},
): Promise<T> {
  const response = await fetch(path, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  }).catch((cause: unknown) => {
    throw new BarrageCallError("unavailable", "The server cannot be reached", { cause });
  });
  if (!response.ok) throw await problemError(response);
  return await response.json();
}
