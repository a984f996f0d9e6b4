import { type HttpRequest, request as send } from "client/http.ts";
import type { SiteRole } from "protocol/accounts.ts";
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

/** Of the member who is signed in at this browser. */
export async function readRole(): Promise<SiteRole> {
  const { role } = await request<{ role: SiteRole }>("/v1/account");
  return role;
}

export function createRoom(token: string | undefined, title: string): Promise<Room> {
  return request("/v1/rooms", { method: "POST", token, body: { title } });
}

export function updateRoom(
  token: string | undefined,
  id: string,
  patch: { title?: string; state?: "ended" },
): Promise<Room> {
  return request(`/v1/rooms/${encodeURIComponent(id)}`, { method: "PATCH", token, body: patch });
}

/** JSON from this server; without a token the browser's cookies tell who asks. */
export function request<T>(path: string, options: Omit<HttpRequest, "signal"> = {}): Promise<T> {
  return send(new URL(path, location.origin), { ...options, signal: AbortSignal.timeout(10_000) });
}
