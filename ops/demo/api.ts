import { BarrageCallError, createGuest, problemError } from "client/mod.ts";
import type { Room } from "protocol/rooms.ts";

export interface Guest {
  readonly token: string;
  readonly user: { readonly name: string };
}

/**
 * As many guests as the server gives out: the first in any case, the others while it does not ask to wait longer than
 * `patienceMs` in all.
 */
export async function takeGuests(
  url: string,
  names: readonly string[],
  patienceMs: number,
): Promise<Guest[]> {
  const guests: Guest[] = [];
  const until = performance.now() + patienceMs;
  for (const name of names) {
    for (;;) {
      try {
        guests.push(await createGuest({ url, name }));
        break;
      } catch (error) {
        const waitMs = error instanceof BarrageCallError ? error.retryAfterMs : undefined;
        if (waitMs === undefined) throw error;
        if (guests.length > 0 && performance.now() + waitMs > until) return guests;
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }
  return guests;
}

export async function openRoom(url: string, token: string, title: string): Promise<Room> {
  const response = await fetch(new URL("/v1/rooms", url), {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ title }),
  });
  if (!response.ok) throw await problemError(response);
  return await response.json();
}
