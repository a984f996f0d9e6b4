import type { RoomDirectory } from "actors/room/directory.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Config } from "config";
import { AddressLimiter } from "routes/address_limiter.ts";
import { createApp, createHandler } from "routes/app.ts";
import { ClientAddress } from "routes/client_address.ts";
import type { ChatHub } from "routes/gateway/chat/chat_hub.ts";
import type { EventStreams } from "routes/gateway/event_streams.ts";
import type { Gateway } from "routes/gateway/gateway.ts";
import type { Hub } from "routes/gateway/hub.ts";
import { KeyGuard } from "routes/key_guard.ts";
import type { Cache } from "storage/cache/cache.ts";
import { CachedRoomList } from "storage/cache/room_list.ts";
import type { Storage } from "storage/storage.ts";
import type { Identity } from "./identity.ts";
import type { Roads } from "./roads.ts";
import type { SigningIn } from "./signing_in.ts";

export interface HttpGround {
  readonly version: string;
  readonly node: ActorNode;
  readonly directory: RoomDirectory;
  readonly storage: Storage;
  readonly cache: Cache;
  readonly roads: Roads;
  readonly identity: Identity;
  readonly signingIn: SigningIn;
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
    storage,
    cache,
    roads,
    identity,
    signingIn,
    gateway,
    streams,
    hub,
    chat,
  } = ground;
  const { tokens, keys, authenticator } = identity;
  const { passwords, refused, check, codeDesk, codeLimits, resets, desk, registrations, oidc } = signingIn;
  const { accounts, audit, apiKeys } = storage;
  const { clock, ids } = node.ports;
  const monotonic = () => clock.monotonic();
  const perAddress = (thing: string, perMinute: number) => new AddressLimiter(cache, thing, perMinute);
  const rooms = new CachedRoomList(storage.rooms, cache, monotonic);
  const app = createApp({
    version,
    bodyMaxBytes: limits.frameMaxBytes,
    keySet: { keys: identity.publicKeys },
    guests: {
      enabled: server.guests,
      tokens,
      ids,
      perMinute: perAddress("guests", limits.guestsPerMinute),
      perDay: new AddressLimiter(cache, "guests_of_day", limits.guestsPerDay, 86_400),
    },
    accounts: { node, accounts, authenticator, passwords, check, desk, registrations },
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
      authenticator,
      logins: perAddress("logins", settings.loginsPerMinute),
      refreshes: perAddress("refreshes", settings.refreshesPerMinute),
    },
    sessions: { node, authenticator, desk },
    contacts: { node, authenticator, codes: codeDesk, limits: codeLimits, refused },
    passwordResets: { resets, passwords, limits: codeLimits },
    audit: { authenticator, audit },
    rooms: { node, rooms, directory, authenticator, limiter: perAddress("rooms", limits.roomsPerMinute) },
    moderation: { node, rooms, authenticator },
    operatorAccounts: { node, accounts, authenticator },
    apiKeys: { node, authenticator, keys: apiKeys, checker: keys, audit, bus: roads.bus },
    messages: { node, authenticator },
    conversations: { node, authenticator, storage },
    accountExport: { node, authenticator, storage, limiter: perAddress("exports", limits.exportsPerMinute) },
    events: { node, streams, authenticator },
    health: { node, vitals: roads.vitals, storage, cache, gateway },
    metrics: { node, storage, cache, gateway, streams, hub, chat, vitals: roads.vitals, feed: roads.feed },
  });
  const clientAddress = new ClientAddress(server.trustedProxies, server.proxyHeader ?? "x-forwarded-for");
  const keyGuard = new KeyGuard(perAddress("keys", limits.keyFailuresPerMinute), monotonic);
  return createHandler({ app, gateway, authenticator, clientAddress, keyGuard });
}
