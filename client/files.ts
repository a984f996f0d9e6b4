/**
 * What the client keeps in files, for Deno and Node.
 *
 * ```ts
 * const outbox = new FileOutboxStore("./unsent");
 * await using barrage = new Barrage({ url, token, chat: { outbox } });
 * ```
 *
 * @module
 */
export { FileOutboxStore } from "./chat/file_outbox_store.ts";
