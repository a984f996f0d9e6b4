import { type AssistantPorts, withoutAssistants } from "actors/ai/assistant/ports.ts";
import type { Bus } from "actors/bus/bus.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Storage } from "storage/storage.ts";
import { conversationFactory } from "./conversation.ts";
import { conversationActor } from "./definition.ts";
import { Doorbell } from "./doorbell.ts";
import { type ConversationLimits, DEFAULT_CONVERSATION_LIMITS } from "./limits.ts";
import { People } from "./people.ts";

type Stores = Pick<Storage, "conversations" | "memberships" | "messages" | "accounts" | "reports" | "audit">;

/** Lets the node run conversations. */
export function hostConversations(
  node: ActorNode,
  { conversations, memberships, messages, accounts, reports, audit }: Stores,
  bus: Bus,
  limits: ConversationLimits = DEFAULT_CONVERSATION_LIMITS,
  assistants: AssistantPorts = withoutAssistants(),
): void {
  node.host(
    conversationActor,
    conversationFactory({
      ...{ conversations, memberships, messages, reports, audit, limits },
      doorbell: new Doorbell(bus),
      people: new People(accounts),
      drops: node.drops,
      assistants,
    }),
  );
}
