import { getLogger } from "@logtape/logtape";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Sweep } from "actors/sweeper.ts";
import type { ConversationStore } from "storage/conversation_storage.ts";
import { conversationActor } from "./definition.ts";

const log = getLogger(["barrage", "sweeper"]);

/** Conversations that are looked up at a time, and how often, before others have a turn. */
const PAGE = 50;
const PAGES = 20;

/**
 * Messages that were kept long enough. Each conversation lets its own go, so that nobody writes there but its owner.
 * @param retentionMs What the server keeps; 0 for ever.
 */
export function messageSweep(
  node: Pick<ActorNode, "ref">,
  conversations: Pick<ConversationStore, "overdue">,
  retentionMs: number,
): Sweep {
  return {
    what: "messages",
    async remove(now, limit) {
      const before = retentionMs === 0 ? {} : { before: now - retentionMs };
      let left = limit;
      let more = true;
      for (let page = 0; page < PAGES && more && left > 0; page++) {
        const overdue = await conversations.overdue({ now, ...before }, PAGE);
        more = overdue.length === PAGE;
        for (const id of overdue) {
          if (left === 0) break;
          try {
            left -= (await node.ref(conversationActor, id).sweep({ now, limit: left })).swept;
          } catch (error) {
            // It stays the first in line: the next round begins with it, and this one ends.
            more = false;
            log.warn("Cannot remove old messages of {id}, which is tried again: {error}", { id, error });
          }
        }
      }
      return limit - left;
    },
  };
}
