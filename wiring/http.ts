import type { AssistantMeters } from "actors/ai/assistant/meters.ts";
import type { RoomDirectory } from "actors/room/directory.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Config } from "config";
import type { openAiGateway } from "routes/gateway/ai/open.ts";
import { AiKeyDesk } from "routes/ai_key_desk.ts";
import type { AnswerStreams } from "routes/answer_streams.ts";
import { AddressLimiter } from "routes/address_limiter.ts";
import { createApp, createHandler } from "routes/app.ts";
import { CardsAtHand } from "routes/cards_at_hand.ts";
import { ClientAddress } from "routes/client_address.ts";
import type { ChatHub } from "routes/gateway/chat/chat_hub.ts";
import type { EventStreams } from "routes/gateway/event_streams.ts";
import type { Gateway } from "routes/gateway/gateway.ts";
import type { Hub } from "routes/gateway/hub.ts";
import { KeyGuard } from "routes/key_guard.ts";
import type { Border } from "routes/switches/border.ts";
import type { LoadWatch } from "routes/switches/load_watch.ts";
import type { Switchboard } from "routes/switches/switchboard.ts";
import type { Cache } from "storage/cache/cache.ts";
import { CachedRoomList } from "storage/cache/room_list.ts";
import { USER_SEARCHES_PER_MINUTE } from "routes/user_search.ts";
import type { Storage } from "storage/storage.ts";
import type { Ai } from "./ai.ts";
import type { Identity } from "./identity.ts";
import type { Reads } from "./reads.ts";
import type { Roads } from "./roads.ts";
import type { SigningIn } from "./signing_in.ts";

export interface HttpGround {
  readonly version: string;
  readonly node: ActorNode;
  readonly directory: RoomDirectory;
  readonly assistants: AssistantMeters;
  readonly storage: Storage;
  readonly cache: Cache;
  readonly reads: Reads;
  readonly switches: Switchboard;
  readonly border: Border;
  readonly load: LoadWatch;
  readonly roads: Roads;
  readonly identity: Identity;
  readonly signingIn: SigningIn;
  readonly ai: Ai;
  readonly aiGateway: ReturnType<typeof openAiGateway>;
  readonly answerStreams: AnswerStreams;
  readonly gateway: Gateway;
  readonly streams: EventStreams;
  readonly hub: Hub;
  readonly chat: ChatHub;
}

/** Everything that answers requests. */
export function openHttp(config: Config, ground: HttpGround) {
  const { server, gateway: limits, accounts: settings } = config;
  const {
    version,
    node,
    directory,
    assistants,
    storage,
    cache,
    reads,
    switches,
    border,
    load,
    roads,
    identity,
    signingIn,
    ai,
    aiGateway,
    answerStreams,
    gateway,
    streams,
    hub,
    chat,
  } = ground;
  const { tokens, keys, authenticator } = identity;
  const { passwords, refused, check, known, codeDesk, codeLimits, resets, desk, registrations, oidc } =
    signingIn;
  const { accounts, answers, audit, apiKeys } = storage;
  const { desk: cards, staleMs } = reads;
  const { clock, ids } = node.ports;
  const monotonic = () => clock.monotonic();
  const perAddress = (thing: string, perMinute: number) => new AddressLimiter(cache, thing, perMinute);
  const asking = { node, hub: aiGateway.hub, catalogue: ai.catalogue, streams: answerStreams };
  const rooms = new CachedRoomList(storage.rooms, cache, monotonic);
  const app = createApp({
    version,
    bodyMaxBytes: limits.frameMaxBytes,
    questionMaxBytes: config.ai.bodyMaxBytes,
    keySet: { keys: identity.publicKeys },
    pages: { guestsAsk: server.guests && config.ai.guests },
    guests: {
      enabled: server.guests,
      tokens,
      ids,
      perMinute: perAddress("guests", limits.guestsPerMinute),
      perDay: new AddressLimiter(cache, "guests_of_day", limits.guestsPerDay, 86_400),
    },
    accounts: { node, accounts, answers, authenticator, passwords, check, desk, registrations },
    userCards: { cards, authenticator, staleMs },
    hot: { authenticator, hotPoll: reads.hotPoll },
    border: { border, switches, authenticator },
    switches: { node, authenticator, switches },
    userSearch: {
      node,
      accounts,
      authenticator,
      cards,
      limiter: perAddress("user_searches", USER_SEARCHES_PER_MINUTE),
    },
    oidc: {
      node,
      authenticator,
      ...oidc,
      starts: perAddress("oidc_starts", settings.loginsPerMinute),
      returns: perAddress("oidc_returns", settings.loginsPerMinute),
    },
    signIn: {
      desk,
      check,
      known,
      authenticator,
      logins: perAddress("logins", settings.loginsPerMinute),
      refreshes: perAddress("refreshes", settings.refreshesPerMinute),
    },
    sessions: { node, authenticator, desk },
    contacts: { node, authenticator, codes: codeDesk, limits: codeLimits, refused },
    passwordResets: { resets, passwords, limits: codeLimits },
    audit: { authenticator, audit },
    rooms: {
      ...{ node, rooms, directory, cards, staleMs, authenticator },
      limiter: perAddress("rooms", limits.roomsPerMinute),
    },
    moderation: { node, rooms, authenticator },
    roomAssistant: { node, rooms, authenticator },
    operatorAccounts: { node, accounts, answers, authenticator },
    apiKeys: { node, authenticator, keys: apiKeys, checker: keys, audit, bus: roads.bus },
    aiKeys: {
      ...{ node, authenticator, providers: ai.providers, credentials: ai.credentials },
      desk: new AiKeyDesk({ node, audit, ...ai, max: config.ai.credentialsMax }),
    },
    aiUsage: { authenticator, usage: storage.aiUsage, credentials: ai.credentials, clock },
    aiAnswers: { ...asking, authenticator },
    aiThreads: { threads: aiGateway.threads, authenticator },
    aiFiles: { node, files: storage.aiFiles, authenticator },
    openAi: { ...asking, authenticator, files: storage.aiFiles, origin: identity.origin },
    messages: { node, authenticator },
    conversations: { node, authenticator, storage },
    reports: { node, authenticator, storage },
    resealing: { authenticator, storage },
    accountExport: { node, authenticator, storage, limiter: perAddress("exports", limits.exportsPerMinute) },
    events: { node, streams, authenticator },
    health: { node, vitals: roads.vitals, storage, cache, gateway, switches },
    metrics: {
      ...{ node, storage, cache, gateway, streams, hub, chat },
      ...{ vitals: roads.vitals, feed: roads.feed, pools: ai.meters, reads },
      switching: { switches, load },
      assistants,
      ai: { answers: ai.answerMeters, calls: ai.runs, hub: aiGateway.hub, streams: answerStreams },
    },
  });
  const clientAddress = new ClientAddress(server.trustedProxies, server.proxyHeader ?? "x-forwarded-for");
  const keyGuard = new KeyGuard(perAddress("keys", limits.keyFailuresPerMinute), monotonic);
  const cardsAtHand = new CardsAtHand({ cards, directory, authenticator, border, staleMs });
  return createHandler({ app, gateway, authenticator, clientAddress, keyGuard, border, cardsAtHand });
}
