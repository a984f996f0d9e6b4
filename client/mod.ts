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
 * Chat, with an account:
 *
 * ```ts
 * await using barrage = new Barrage({ url, getToken, chat: { outbox: new IndexedDbOutboxStore() } });
 * const { chat } = barrage;
 * chat.on("conversations", (list) => list.forEach(({ title, unread }) => console.log(title, unread)));
 * await chat.start();
 * const ben = await chat.open(userId);
 * ben.on("messages", () => render(ben.messages));
 * await ben.send("hello");
 * ```
 *
 * Models:
 *
 * ```ts
 * const answer = barrage.ai.ask({ text: "What is a wave?" });
 * for await (const { offset, text } of answer) shown = shown.slice(0, offset) + text;
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
export type { Ai, AiAnswer, AiAnswerEvents, AiAnswerState, AiPiece } from "./ai/ai.ts";
export { aiFile, type AiFileRequest } from "./ai/files.ts";
export { Barrage, type BarrageOptions } from "./barrage.ts";
export type { BarrageEvents } from "./barrage_events.ts";
export type { Chat, ChatEvents, ChatOptions } from "./chat/chat.ts";
export type { ChatConversation, ConversationEvents, Member, MemberState } from "./chat/conversation.ts";
export type { ChatLimits } from "./chat/limits.ts";
export { IndexedDbOutboxStore } from "./chat/indexeddb_outbox_store.ts";
export { type KeptMessage, MemoryOutboxStore, type OutboxStore } from "./chat/outbox_store.ts";
export type { Draft } from "./chat/draft.ts";
export type { OutgoingMessage, OutgoingState } from "./chat/outgoing.ts";
export type {
  ChatState,
  ConversationView,
  GroupView,
  Receipt,
  ShownMessage,
  Standing,
} from "./chat/views.ts";
export type { Clock } from "./clock.ts";
export { type Codec, jsonCodec } from "./codec.ts";
export { BarrageCallError } from "./errors.ts";
export { createGuest } from "./guests.ts";
export { problemError } from "./http.ts";
export { appointModerator, dismissModerator, mutesOf } from "./moderation.ts";
export { assistantOf, removeAssistant, setAssistant } from "./room_assistant.ts";
export type { Room, RoomEvents, RoomStatus } from "./room.ts";
export { Session, type SessionEvents, type SessionOptions } from "./session.ts";
export { MemorySessionStore, type SessionStore, type StoredSession } from "./session_store.ts";
export type { SocketConstructor, SocketLike } from "./socket.ts";
export type { ConnectionState } from "./state.ts";
