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
 * @module
 */
export { Barrage, type BarrageEvents, type BarrageOptions } from "./barrage.ts";
export type { Clock } from "./clock.ts";
export { type Codec, jsonCodec } from "./codec.ts";
export { BarrageCallError } from "./errors.ts";
export { createGuest, problemError } from "./guests.ts";
export type { Room, RoomEvents, RoomStatus } from "./room.ts";
export type { SocketConstructor, SocketLike } from "./socket.ts";
export type { ConnectionState } from "./state.ts";
