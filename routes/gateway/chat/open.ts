import type { Bus } from "actors/bus/bus.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Storage } from "storage/storage.ts";
import { ChatDesk } from "./chat_desk.ts";
import { ChatHub } from "./chat_hub.ts";
import { LastSeenDesk } from "./last_seen_desk.ts";
import { type ChatLimits, DEFAULT_CHAT_LIMITS } from "./limits.ts";
import { PresenceDesk } from "./presence_desk.ts";

export interface ChatOptions {
  readonly nodeId: string;
  readonly node: ActorNode;
  readonly bus: Bus;
  readonly storage: Pick<Storage, "accounts" | "conversations" | "memberships" | "messages" | "lastSeen">;
  readonly limits?: ChatLimits;
}

/** Chat over the sockets of one node. */
export interface Chat extends AsyncDisposable {
  readonly desk: ChatDesk;
  readonly hub: ChatHub;
  readonly presence: PresenceDesk;
}

export function openChat({ nodeId, node, bus, storage, limits = DEFAULT_CHAT_LIMITS }: ChatOptions): Chat {
  const { accounts, conversations, memberships, messages } = storage;
  const { clock, drops, ids } = node.ports;
  const lastSeen = new LastSeenDesk({
    ...{ store: storage.lastSeen, clock, drops },
    present: () => hub.users,
  });
  const presence = new PresenceDesk({
    ...{ nodeId, life: ids.next(), bus, clock, drops, lastSeen },
    stores: { accounts, memberships, messages },
    isHere: (user) => hub.has(user),
  });
  const hub: ChatHub = new ChatHub({
    ...{ node, bus, clock },
    onPresence: (user, here) => presence.moved(user, here),
  });
  const desk = new ChatDesk({ node, hub, presence, memberships, conversations, limits });
  return {
    ...{ desk, hub, presence },
    async [Symbol.asyncDispose]() {
      hub[Symbol.dispose]();
      presence[Symbol.dispose]();
      await lastSeen[Symbol.asyncDispose]();
    },
  };
}
