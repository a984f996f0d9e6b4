import { getLogger } from "@logtape/logtape";
import { mkdir } from "node:fs/promises";
import { MemoryBroker, type MemoryBus } from "actors/bus/memory.ts";
import { NatsBus } from "actors/bus/nats.ts";
import { NatsFeed } from "actors/bus/nats_feed.ts";
import { NatsService } from "actors/bus/nats_service.ts";
import { TappedBus } from "actors/bus/tapped_bus.ts";
import { BusVitals } from "actors/bus/vitals.ts";
import { roomActor } from "actors/room/definition.ts";
import { RoomDirectory } from "actors/room/directory.ts";
import { DEFAULT_ROOM_LIMITS } from "actors/room/limits.ts";
import { roomFactory } from "actors/room/room.ts";
import { SystemClock } from "actors/runtime/clock.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS } from "actors/runtime/ports.ts";
import { sessionActor } from "actors/session/definition.ts";
import { type Config, readConfig } from "config";
import { configureLogs } from "./logs.ts";
import { AddressLimiter } from "routes/address_limiter.ts";
import { createApp, createHandler } from "routes/app.ts";
import { GatewayDispatcher } from "routes/gateway/dispatcher.ts";
import { EventStreams } from "routes/gateway/event_streams.ts";
import { Gateway } from "routes/gateway/gateway.ts";
import { Hub } from "routes/gateway/hub.ts";
import { UserDesk } from "routes/gateway/user_desk.ts";
import { reportNode } from "routes/node_report.ts";
import { loadSigningKey } from "routes/signing_key.ts";
import { Tokens } from "routes/tokens.ts";
import { openCache } from "storage/cache/open.ts";
import { CachedRoomList } from "storage/cache/room_list.ts";
import { openStorage } from "storage/open.ts";
import { loadNodeId } from "./node_id.ts";

const VERSION = "0.1.0";
const log = getLogger(["barrage", "main"]);

/** Uniform in [0, 1) from the system's source: ULIDs made with it cannot be guessed. */
function random(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;
}

async function openBus(natsUrls: readonly string[] | undefined, name: string): Promise<MemoryBus | NatsBus> {
  const onError = (error: unknown) => log.error("The bus reports: {error}", { error });
  if (natsUrls === undefined) return new MemoryBroker({ onError }).connect();
  return await NatsBus.connect({ servers: natsUrls, name, onError });
}

function openFeed({ feed, stores: { natsUrls } }: Config, name: string): NatsFeed | undefined {
  if (feed.enabled !== "on" || natsUrls === undefined) return undefined;
  const stream = { name: feed.stream, maxAgeMs: feed.maxAgeHours * 3_600_000, maxBytes: feed.maxBytes };
  const onError = (error: unknown) => log.error("The feed reports: {error}", { error });
  return new NatsFeed({ servers: natsUrls, name, stream, onError });
}

async function run(config: Config): Promise<void> {
  const { server, gateway: limits, runtime, room } = config;
  await mkdir(server.dataDir, { recursive: true, mode: 0o700 });
  await using storage = await openStorage({ database: config.stores.database, dataDir: server.dataDir });
  const tokens = await Tokens.from(await loadSigningKey(server.dataDir), storage.tokenKeys);
  const nodeId = server.nodeId ?? await loadNodeId(server.dataDir);
  using clock = new SystemClock();
  const monotonic = () => clock.monotonic();
  await using cache = await openCache(config.stores.redisUrl, monotonic);
  await using road = await openBus(config.stores.natsUrls, nodeId);
  using vitals = new BusVitals(road, () => clock.now());
  await using feed = openFeed(config, nodeId);
  const bus = feed === undefined ? road : new TappedBus(road, feed);

  const networked = config.stores.natsUrls !== undefined;
  const self = { id: nodeId, address: `${server.host}:${server.port}`, version: VERSION };
  const node = new ActorNode({
    node: self,
    clock,
    random,
    bus,
    storage,
    alone: config.stores.database.kind === "sqlite",
    networked,
    lease: {
      ttlMs: runtime.leaseTtlMs,
      renewMs: runtime.leaseRenewMs,
      fenceMs: runtime.leaseTtlMs * 0.75,
      settleMs: runtime.settleMs,
    },
    limits: {
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
    },
  });
  const directory = new RoomDirectory();
  const roomPorts = {
    rooms: storage.rooms,
    directory,
    drops: node.drops,
    limits: {
      ...DEFAULT_ROOM_LIMITS,
      tickMs: room.tickMs,
      tickMaxMs: room.tickMaxMs,
      recentItems: room.recentItems,
      memoryItems: room.memoryItems,
      recoverMaxItems: room.recoverMaxItems,
      retentionMs: room.retentionHours * 3_600_000,
    },
  };
  node.host(roomActor, roomFactory(roomPorts), { refuse: (id, verb) => directory.refuse(id, verb) });
  node.host(sessionActor);

  const { framesPerSecond, tickMs } = room;
  const hub = new Hub({ nodeId, node, bus, clock, framesPerSecond, tickMs });
  const users = new UserDesk(bus, node.drops);
  const dispatcher = new GatewayDispatcher(node, hub, users, tokens);
  const gateway = new Gateway({ dispatcher, limits, clock, random, drops: node.drops });
  const streams = new EventStreams({ hub, clock, drops: node.drops, limits });
  const app = createApp({
    version: VERSION,
    bodyMaxBytes: limits.frameMaxBytes,
    guests: {
      enabled: server.guests,
      tokens,
      ids: node.ports.ids,
      limiter: new AddressLimiter(cache, "guests", limits.guestsPerMinute),
    },
    rooms: {
      node,
      rooms: new CachedRoomList(storage.rooms, cache, monotonic),
      directory,
      tokens,
      limiter: new AddressLimiter(cache, "rooms", limits.roomsPerMinute),
    },
    messages: { node, tokens },
    events: { node, streams, tokens },
    health: { node, vitals, storage, cache, gateway },
    metrics: { node, storage, cache, gateway, streams, hub, vitals, feed },
  });
  const handle = createHandler(app, gateway, tokens);

  await node.start();
  const report = () => reportNode({ node, vitals, gateway, streams, hub, feed });
  const kinds = () => node.stats();
  const service = networked ? new NatsService({ bus, node: self, kinds, report, monotonic }) : undefined;
  await service?.ready;
  const stopping = new AbortController();
  if (networked) directory.listen(bus);
  const known = networked
    ? directory.follow(storage.rooms, clock, stopping.signal)
    : directory.fill(storage.rooms, stopping.signal);
  const filled = known.catch((error) => {
    log.error("Cannot fill the room directory; unknown rooms will be looked up: {error}", { error });
  });
  hub.start();
  gateway.start();
  streams.start();
  // Before the line that says we listen: whoever waits for it may send a signal at once.
  const stop = stopSignal();
  const http = Deno.serve(
    { hostname: server.host, port: server.port, onListen: ({ hostname, port }) => announce(hostname, port) },
    (request, { remoteAddr }) => handle(request, remoteAddr.hostname),
  );

  await stop;
  log.info("Stopping");
  stopping.abort();
  const force = setTimeout(() => {
    log.error("The stop took longer than SHUTDOWN_MS and is forced");
    Deno.exit(1);
  }, server.shutdownMs + 2_000);
  gateway.refuse();
  await node.handEverythingOver(server.shutdownMs / 2);
  gateway.announceClose();
  await node.drain(server.shutdownMs / 4);
  await gateway.close();
  streams.close();
  service?.stop();
  await node.stop(server.shutdownMs / 8);
  hub.stop();
  users.stop();
  await filled;
  await http.shutdown();
  clearTimeout(force);
}

function announce(hostname: string, port: number): void {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  console.log(`listening on http://${host}:${port}`);
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => resolve());
  });
}

try {
  const config = readConfig();
  await configureLogs(config.server.log);
  await run(config);
  Deno.exit(0);
} catch (error) {
  // The sentence is for the person who started it, the cause for whoever has to look deeper.
  console.error(error instanceof Error ? error.message : String(error));
  if (error instanceof Error && error.cause !== undefined) console.error(error.cause);
  Deno.exit(1);
}
