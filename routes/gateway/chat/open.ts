import type { Bus } from "actors/bus/bus.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Storage } from "storage/storage.ts";
import { ChatDesk } from "./chat_desk.ts";
import { ChatHub } from "./chat_hub.ts";
import { PresenceDesk } from "./presence_desk.ts";

export interface ChatOptions {
  readonly nodeId: string;
  readonly node: ActorNode;
  readonly bus: Bus;
  readonly storage: Pick<Storage, "accounts" | "conversations" | "memberships">;
}

/** Chat over the sockets of one node. */
export interface Chat extends Disposable {
  readonly desk: ChatDesk;
  readonly hub: ChatHub;
  readonly presence: PresenceDesk;
}

export function openChat({ nodeId, node, bus, storage }: ChatOptions): Chat {
  const { accounts, conversations, memberships } = storage;
  const { clock, drops, ids } = node.ports;
  const presence = new PresenceDesk({
    ...{ nodeId, life: ids.next(), bus, clock, drops, accounts, memberships },
    isHere: (user) => hub.has(user),
  });
  const hub: ChatHub = new ChatHub({
    ...{ node, bus, clock },
    onPresence: (user, here) => presence.moved(user, here),
  });
  const desk = new ChatDesk({ node, hub, presence, memberships, conversations });
  return {
    ...{ desk, hub, presence },
    [Symbol.dispose]() {
      hub[Symbol.dispose]();
      presence[Symbol.dispose]();
    },
  };
}
