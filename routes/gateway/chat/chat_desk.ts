import type { ActorNode } from "actors/runtime/node.ts";
import { TokenBucket } from "actors/token_bucket.ts";
import type { Conversation } from "protocol/chat.ts";
import type { ChatMethod } from "protocol/chat_methods.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Parsed } from "protocol/methods.ts";
import type { ConversationStore, MembershipStore } from "storage/conversation_storage.ts";
import { searchGroups } from "../../group_search.ts";
import type { SignedIn } from "../../verifier.ts";
import type { Answer, Connection } from "../connection.ts";
import { callConversation, isConversationMethod } from "./chat_calls.ts";
import type { ChatHub } from "./chat_hub.ts";
import type { ChatSeat } from "./chat_seat.ts";
import { ChatSync } from "./chat_sync.ts";
import type { ChatLimits } from "./limits.ts";
import type { PresenceDesk, Watcher } from "./presence_desk.ts";

/** Each looks at hundreds of accounts. */
const PRESENCE_RATE = { burst: 5, perSecond: 1 };

export interface ChatDeskOptions {
  readonly node: ActorNode;
  readonly hub: ChatHub;
  readonly presence: PresenceDesk;
  readonly memberships: Pick<MembershipStore, "ofUser">;
  readonly conversations: Pick<ConversationStore, "find">;
  readonly limits: ChatLimits;
}

/** What a socket has here that chats. */
interface Chatting {
  seat: ChatSeat | undefined;
  watching: { readonly watcher: Watcher; readonly rate: TokenBucket } | undefined;
}

/** The chat calls of sockets: most go to their conversation as they are. */
export class ChatDesk {
  readonly #options: ChatDeskOptions;
  readonly #sync: ChatSync;
  readonly #chatting = new Map<Connection, Chatting>();

  constructor(options: ChatDeskOptions) {
    this.#options = options;
    this.#sync = new ChatSync(options);
  }

  /** @param params Parsed by the schema of the method. */
  async call(
    connection: Connection,
    caller: SignedIn,
    method: ChatMethod,
    params: unknown,
    bytes: number,
  ): Promise<Answer> {
    if (isConversationMethod(method)) {
      const { node } = this.#options;
      const result = await callConversation(method, { node, caller, options: { bytes } }, params);
      if (method === "chat.block") this.#hide(caller, params as Parsed<"chat.block">, result as Conversation);
      return { result };
    }
    checkMember(caller);
    switch (method) {
      case "chat.sync": {
        const seat = this.#seat(connection, caller);
        return await this.#sync.sync(seat, caller, params as Parsed<"chat.sync">);
      }
      case "chat.find":
        return {
          result: { groups: await searchGroups(this.#options.conversations, params as Parsed<"chat.find">) },
        };
      case "chat.presence": {
        const { users } = params as Parsed<"chat.presence">;
        const { presenceMax } = this.#options.limits;
        if (users.length > presenceMax) {
          const why = `Nobody watches more than ${presenceMax} users at a time`;
          throw new BarrageError("invalid_params", why, { path: "params.users" });
        }
        const watcher = this.#watcher(connection, caller);
        return { result: { users: await this.#options.presence.watch(watcher, users) } };
      }
    }
  }

  closed(connection: Connection): void {
    const chatting = this.#chatting.get(connection);
    if (chatting === undefined) return;
    this.#chatting.delete(connection);
    chatting.seat?.leave();
    if (chatting.watching !== undefined) this.#options.presence.leave(chatting.watching.watcher);
  }

  #of(connection: Connection): Chatting {
    if (!connection.open) throw new BarrageError("gone", "The socket is closed");
    let chatting = this.#chatting.get(connection);
    if (chatting === undefined) {
      chatting = { seat: undefined, watching: undefined };
      this.#chatting.set(connection, chatting);
    }
    return chatting;
  }

  #seat(connection: Connection, { user }: SignedIn): ChatSeat {
    return this.#of(connection).seat ??= this.#options.hub.open(user.id, connection);
  }

  /** @throws {BarrageError} `rate_limited`. */
  #watcher(connection: Connection, { user }: SignedIn): Watcher {
    const now = this.#options.node.ports.clock.monotonic();
    const watching = this.#of(connection).watching ??= {
      watcher: { user: user.id, notify: (method, params) => connection.notify(method, params) },
      rate: new TokenBucket(PRESENCE_RATE.burst, PRESENCE_RATE.perSecond, now),
    };
    const retryAfterMs = watching.rate.take(now);
    if (retryAfterMs === 0) return watching.watcher;
    throw new BarrageError("rate_limited", "You ask too often who is online", { retryAfterMs });
  }

  /** From now on the one who was blocked does not learn any more whether the other one is there. */
  #hide({ user }: SignedIn, { blocked }: Parsed<"chat.block">, { peer }: Conversation): void {
    if (blocked && peer !== undefined) this.#options.presence.hide(user.id, peer.id);
  }
}

/** @throws {BarrageError} `forbidden` for guests and programs. */
function checkMember(caller: SignedIn): void {
  if (caller.kind === "user" && caller.standing !== "guest") return;
  throw new BarrageError("forbidden", "This is for those who have an account");
}
