import { Ulids } from "client/chat/ulids.ts";

const ulids = new Ulids(() => Date.now());

/** For a conversation or an answer: grows with time, as the server wants it. */
export function newId(): string {
  return ulids.next();
}
