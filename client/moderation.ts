import type { Mute, Room } from "protocol/rooms.ts";
import { request } from "./http.ts";

interface InRoom {
  /** The server's address, `https://host`. */
  readonly url: string | URL;
  /** Pages of the server's own origin leave it to their cookies. */
  readonly token?: string;
  /** Its id. */
  readonly room: string;
  readonly signal?: AbortSignal;
}

interface Somebody extends InRoom {
  /** His id. */
  readonly user: string;
}

/** For the owner of a room. @throws {BarrageCallError} `forbidden`, `not_found`, `conflict` when there are too many. */
export function appointModerator({ user, ...place }: Somebody): Promise<Room> {
  return ask("PUT", place, `moderators/${user}`);
}

/** It is no error when he was none. @throws {BarrageCallError} `forbidden`, `not_found`. */
export function dismissModerator({ user, ...place }: Somebody): Promise<void> {
  return ask("DELETE", place, `moderators/${user}`);
}

/** Who may not speak at present; for the owner, moderators and operators. @throws {BarrageCallError} `forbidden`. */
export async function mutesOf(place: InRoom): Promise<readonly Mute[]> {
  return (await ask<{ mutes: readonly Mute[] }>("GET", place, "mutes")).mutes;
}

function ask<T>(method: string, { url, token, room, signal }: InRoom, path: string): Promise<T> {
  return request<T>(new URL(`/v1/rooms/${room}/${path}`, url), { method, token, signal });
}
