import { accountFactory } from "actors/account/account.ts";
import { Alerts } from "actors/account/alerts.ts";
import { accountActor } from "actors/account/definition.ts";
import type { AccountLimits } from "actors/account/limits.ts";
import type { Bus } from "actors/bus/bus.ts";
import { hostConversations } from "actors/conversation/host.ts";
import { type ConversationLimits, DEFAULT_CONVERSATION_LIMITS } from "actors/conversation/limits.ts";
import { roomActor } from "actors/room/definition.ts";
import { RoomDirectory } from "actors/room/directory.ts";
import { DEFAULT_ROOM_LIMITS, type RoomLimits } from "actors/room/limits.ts";
import { roomFactory } from "actors/room/room.ts";
import type { Clock } from "actors/runtime/clock.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS, type RuntimeLimits } from "actors/runtime/ports.ts";
import { sessionActor } from "actors/session/definition.ts";
import type { Config } from "config";
import { openAssistants } from "./ai.ts";
import type { Storage } from "storage/storage.ts";

export interface Ground {
  readonly self: { readonly id: string; readonly address: string; readonly version: string };
  readonly clock: Clock;
  readonly random: () => number;
  readonly bus: Bus;
  readonly storage: Storage;
}

/** The node and every kind of actor that it runs; it takes no calls before it is started. */
export function openNode(config: Config, { self, clock, random, bus, storage }: Ground) {
  const { runtime } = config;
  const node = new ActorNode({
    node: self,
    clock,
    random,
    bus,
    storage,
    alone: config.stores.database.kind === "sqlite",
    networked: config.stores.natsUrls !== undefined,
    lease: {
      ttlMs: runtime.leaseTtlMs,
      renewMs: runtime.leaseRenewMs,
      fenceMs: runtime.leaseTtlMs * 0.75,
      settleMs: runtime.settleMs,
    },
    limits: runtimeLimits(config),
  });
  const directory = new RoomDirectory();
  const { drops } = node;
  const assistants = openAssistants(config, storage, clock);
  const rooms = { rooms: storage.rooms, directory, drops, limits: roomLimits(config), assistants };
  node.host(roomActor, roomFactory(rooms), { refuse: (id, verb) => directory.refuse(id, verb) });
  node.host(sessionActor);
  const { accounts, sessions, audit } = storage;
  const alerts = new Alerts(bus);
  node.host(
    accountActor,
    accountFactory({ accounts, sessions, audit, alerts, drops, limits: accountLimits(config) }),
  );
  hostConversations(node, storage, bus, conversationLimits(config), assistants);
  return { node, directory, assistants: assistants.meters };
}

function runtimeLimits({ runtime }: Config): RuntimeLimits {
  return {
    ...DEFAULT_LIMITS,
    mailbox: {
      maxCount: runtime.mailboxMaxCount,
      maxBytes: runtime.mailboxMaxBytes,
      maxAgeMs: runtime.mailboxMaxAgeMs,
      reservedCount: DEFAULT_LIMITS.mailbox.reservedCount,
    },
    idleMs: runtime.actorIdleMs,
    actorsMax: runtime.actorsMax,
    callTimeoutMs: runtime.callTimeoutMs,
  };
}

function roomLimits({ room }: Config): RoomLimits {
  return {
    ...DEFAULT_ROOM_LIMITS,
    tickMs: room.tickMs,
    tickMaxMs: room.tickMaxMs,
    recentItems: room.recentItems,
    memoryItems: room.memoryItems,
    recoverMaxItems: room.recoverMaxItems,
    retentionMs: room.retentionHours * 3_600_000,
  };
}

function accountLimits({ accounts, tokens }: Config): AccountLimits {
  return {
    idleMs: accounts.sessionIdleMinutes * 60_000,
    sessionMaxMs: accounts.sessionMaxHours * 3_600_000,
    refreshTokenMs: accounts.refreshTokenDays * 86_400_000,
    graceMs: accounts.refreshGraceSeconds * 1_000,
    refreshEveryMs: accounts.refreshEverySeconds * 1_000,
    accessTokenMs: tokens.accessSeconds * 1_000,
    confirmedMs: accounts.confirmMinutes * 60_000,
    sessionsMax: accounts.sessionsMax,
    contactsMax: accounts.contactsMax,
    regionCheck: accounts.regionCheck === "on",
    code: {
      ttlMs: accounts.codeMinutes * 60_000,
      tries: accounts.codeTries,
      everyMs: accounts.codeEverySeconds * 1_000,
    },
  };
}

function conversationLimits({ chat }: Config): ConversationLimits {
  return {
    ...DEFAULT_CONVERSATION_LIMITS,
    editMs: chat.editMinutes * 60_000,
    recallMs: chat.recallMinutes * 60_000,
    strangerMessages: chat.strangerMessages,
    sendBurst: chat.burst,
    sendPerSecond: chat.perSecond,
    membersMax: chat.membersMax,
    typingMembersMax: chat.typingMembersMax,
    perUser: chat.perUser,
    memoryMessages: chat.memoryMessages,
    retentionMs: chat.retentionDays * 86_400_000,
    reportsPerDay: chat.reportsPerDay,
  };
}
