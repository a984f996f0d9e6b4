import { BarrageCallError, problemError } from "client/mod.ts";
import type { Room } from "protocol/rooms.ts";

export type { Room };

export async function listRooms(): Promise<Room[]> {
  const page = await request<{ rooms: Room[] }>("/v1/rooms");
  return page.rooms.filter((room) => room.state === "live");
}

export function readRoom(id: string): Promise<Room> {
  return request(`/v1/rooms/${encodeURIComponent(id)}`);
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
