/**
 * The client of a Barrage server: browser, Deno, Node.
 *
 * ```ts
 * const { token } = await createGuest({ url, name: "Ann" });
 * await using barrage = new Barrage({ url, token });
 * const room = barrage.room(id);
 * room.on("items", (items) => items.forEach((item) => console.log(item.user.name, item.text, item.count)));
 * await room.join();
 * await room.say("前方高能", { style: { color: "#33ccff", position: "top" } });
 * ```
 *
 * With an account:
 *
 * ```ts
 * const session = await Session.open({ url, store });
 * if (!session.user) await session.signIn({ login: "ann", password });
 * await using barrage = new Barrage({ url, getToken: session.getToken });
 * ```
 *
 * @module
 */
export { refresh, register, signIn, signOut } from "./accounts.ts";
export { Barrage, type BarrageEvents, type BarrageOptions } from "./barrage.ts";
export type { Clock } from "./clock.ts";
export { type Codec, jsonCodec } from "./codec.ts";
export { BarrageCallError } from "./errors.ts";
export { createGuest } from "./guests.ts";
export { problemError } from "./http.ts";
export type { Room, RoomEvents, RoomStatus } from "./room.ts";
export { Session, type SessionEvents, type SessionOptions } from "./session.ts";
export { MemorySessionStore, type SessionStore, type StoredSession } from "./session_store.ts";
export type { SocketConstructor, SocketLike } from "./socket.ts";
export type { ConnectionState } from "./state.ts";
