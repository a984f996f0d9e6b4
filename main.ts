import { getLogger } from "@logtape/logtape";
import { mkdir } from "node:fs/promises";
import { NatsService } from "actors/bus/nats_service.ts";
import { aiSweeps } from "actors/ai/sweeps.ts";
import { messageSweep } from "actors/conversation/overdue.ts";
import { SystemClock } from "actors/runtime/clock.ts";
import { Sweeper } from "actors/sweeper.ts";
import { sweepsOf } from "actors/sweeps.ts";
import { type Config, readConfig } from "config";
import { configureLogs } from "./logs.ts";
import { loadNodeId } from "./node_id.ts";
import type { ChatLimits } from "routes/gateway/chat/limits.ts";
import { AnswerStreams } from "routes/answer_streams.ts";
import { openAiGateway } from "routes/gateway/ai/open.ts";
import { openChat } from "routes/gateway/chat/open.ts";
import { GatewayDispatcher } from "routes/gateway/dispatcher.ts";
import { EventStreams } from "routes/gateway/event_streams.ts";
import { Gateway } from "routes/gateway/gateway.ts";
import { Hub } from "routes/gateway/hub.ts";
import { TokenDesk } from "routes/gateway/token_desk.ts";
import { UserDesk } from "routes/gateway/user_desk.ts";
import { reportNode } from "routes/node_report.ts";
import { prepareOperatorKey } from "routes/operator_key.ts";
import { openCache } from "storage/cache/open.ts";
import { loadBodyCipher } from "storage/message_keys.ts";
import { openStorage } from "storage/open.ts";
import { openNode } from "./wiring/actors.ts";
import { openAi } from "./wiring/ai.ts";
import { openHttp } from "./wiring/http.ts";
import { openIdentity } from "./wiring/identity.ts";
import { openReads } from "./wiring/reads.ts";
import { openRoads } from "./wiring/roads.ts";
import { openSigningIn } from "./wiring/signing_in.ts";
import { openSwitches } from "./wiring/switches.ts";

const VERSION = "0.1.0";
const log = getLogger(["barrage", "main"]);

/** Uniform in [0, 1) from the system's source: ULIDs made with it cannot be guessed. */
function random(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;
}

async function run(config: Config): Promise<void> {
  const { server, gateway: limits, room, accounts, upkeep, chat: chatting } = config;
  await makeDataDirectory(server.dataDir);
  await using owned = new AsyncDisposableStack();
  const storage = owned.use(
    await openStorage({
      database: config.stores.database,
      dataDir: server.dataDir,
      bodies: await loadBodyCipher(chatting.messageKeys, server.dataDir),
    }),
  );
  const nodeId = server.nodeId ?? await loadNodeId(server.dataDir);
  const clock = owned.use(new SystemClock());
  const monotonic = () => clock.monotonic();
  const cache = owned.use(await openCache(config.stores.redisUrl, monotonic));
  const roads = await openRoads(config, nodeId, clock, owned);
  const { bus, vitals, feed } = roads;

  const networked = config.stores.natsUrls !== undefined;
  const self = { id: nodeId, address: `${server.host}:${server.port}`, version: VERSION };
  const { node, directory, assistants } = openNode(config, { self, clock, random, bus, storage });
  const { drops } = node;
  const { switches, border, watchLoad } = await openSwitches(config, { node, storage, bus }, owned);
  const reads = await openReads(config, { node, directory, storage, cache, bus, switches }, owned);
  const identity = await openIdentity(config, { storage, bus, clock, drops }, owned);
  const ai = await openAi(config, { node, storage, bus, clock }, owned);
  const signingIn = await openSigningIn(config, { node, storage, cache, identity, border }, owned);

  const { framesPerSecond, tickMs } = room;
  const hub = new Hub({ nodeId, node, bus, clock, framesPerSecond, tickMs });
  const users = new UserDesk(bus, drops, limits.connectionsPerUser);
  const tokenDesk = owned.use(new TokenDesk(identity.revocations, clock));
  const chat = owned.use(openChat({ nodeId, node, bus, storage, limits: chatLimits(config) }));
  const { catalogue } = ai;
  const aiGateway = owned.use(openAiGateway({ nodeId, node, bus, storage, catalogue }));
  const dispatcher = new GatewayDispatcher({
    node,
    hub,
    users,
    chat: chat.desk,
    ai: aiGateway.desk,
    tokens: tokenDesk,
    verifier: identity.authenticator,
    border,
  });
  const gateway = new Gateway({ dispatcher, limits, clock, random, drops });
  const load = watchLoad(gateway);
  const streams = new EventStreams({ hub, clock, drops, tokens: tokenDesk, limits });
  const answerStreams = new AnswerStreams({ tokens: tokenDesk, drops, max: limits.connectionsMax });
  const handle = openHttp(config, {
    version: VERSION,
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
    chat: chat.hub,
  });

  await prepareOperatorKey({
    dataDir: server.dataDir,
    nodeId,
    keys: storage.apiKeys,
    audit: storage.audit,
    ids: node.ports.ids,
    now: clock.now(),
  });
  await node.start();
  const report = () => reportNode({ node, vitals, gateway, streams, hub, feed });
  const kinds = () => node.stats();
  const service = networked ? new NatsService({ bus, node: self, kinds, report, monotonic }) : undefined;
  await service?.ready;
  const stopping = new AbortController();
  if (networked) directory.listen(bus);
  const known = networked
    ? directory.follow(storage.rooms, clock, stopping.signal)
    : directory.fillDaily(storage.rooms, clock, stopping.signal);
  const filled = known.catch((error) => {
    log.error("Cannot fill the room directory; unknown rooms will be looked up: {error}", { error });
  });
  hub.start();
  gateway.start();
  streams.start();
  const sweeps = [
    ...sweepsOf(storage, {
      idleMs: accounts.sessionIdleMinutes * 60_000,
      auditMs: upkeep.auditDays * 86_400_000,
    }),
    ...aiSweeps(storage, config.ai),
    messageSweep(node, storage.conversations, chatting.retentionDays * 86_400_000),
  ];
  owned.use(new Sweeper({ sweeps, clock, random, everyMs: upkeep.sweepMinutes * 60_000 }));
  // Before the line that says we listen: whoever waits for it may send a signal at once.
  const stop = stopSignal();
  const http = listen(server, handle);

  await stop;
  log.info("Stopping");
  stopping.abort();
  const force = setTimeout(() => {
    log.error("The stop took longer than SHUTDOWN_MS and is forced");
    Deno.exit(1);
  }, server.shutdownMs + 2_000);
  const sendAwayUntil = monotonic() + server.shutdownMs * 0.625;
  gateway.refuse();
  const othersServe = await node.handEverythingOver(server.shutdownMs / 2);
  const callsEnded = ai.runs[Symbol.asyncDispose]();
  if (othersServe) await gateway.sendAway(sendAwayUntil - monotonic());
  else gateway.announceClose();
  await callsEnded;
  await node.drain(server.shutdownMs / 4);
  await gateway.close();
  streams.close();
  answerStreams.close();
  service?.stop();
  await node.stop(server.shutdownMs / 8);
  hub.stop();
  users.stop();
  signingIn.delivery.stop();
  await filled;
  await http.shutdown();
  clearTimeout(force);
}

function chatLimits({ chat: { syncAtOnce, firstMessages, presenceMax } }: Config): ChatLimits {
  return { syncAtOnce, firstMessages, presenceMax };
}

async function makeDataDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Error(`Cannot make the data directory ${path}: ${reasonOf(error)}`);
  }
}

function listen(
  { host, port }: Config["server"],
  handle: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve(
      { hostname: host, port, onListen: ({ hostname, port }) => announce(hostname, port) },
      handle,
    );
  } catch (error) {
    const why = error instanceof Deno.errors.AddrInUse ? "another program does already" : reasonOf(error);
    throw new Error(`Cannot listen at ${host}:${port}: ${why}`);
  }
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

/** Of a fault of the system or of a server the sentence says it all, and the stack nothing. */
function causeOf(cause: unknown): unknown {
  return cause instanceof Error && "code" in cause ? reasonOf(cause) : cause;
}

/** Some faults have only a code: several addresses were tried, and none took the connection. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ("code" in error ? String(error.code) : error.name);
}

try {
  const config = readConfig();
  await configureLogs(config.server.log);
  await run(config);
  Deno.exit(0);
} catch (error) {
  // The sentence is for the person who started it, the cause for whoever has to look deeper.
  console.error(error instanceof Error ? error.message : String(error));
  if (error instanceof Error && error.cause !== undefined) console.error(causeOf(error.cause));
  Deno.exit(1);
}
