import { CODECS } from "protocol/codecs.ts";
import { BarrageError } from "protocol/errors.ts";
import { SUBPROTOCOLS } from "protocol/methods.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { Introduction } from "../identify.ts";
import { Connection, type ConnectionPorts, type Speech } from "./connection.ts";
import type { GatewayDispatcher } from "./dispatcher.ts";
import type { GatewayLimits } from "./limits.ts";

const SWEEP_MS = 1_000;
/** Clients come back spread over this time after a planned stop. */
const RECONNECT_SPREAD_MS = 3_000;
const CLOSE_GRACE_MS = 1_000;
/** Time for the last of them to find another node, enter its rooms there and leave. */
const MOVE_MS = 2_000;
/** A look costs about a microsecond: so many at a time, and the others the next time. */
const LOOKS_AT_ONCE = 256;

const SPEECHES: readonly Speech[] = CODECS.map((codec) => ({
  codec,
  form: { name: codec.name, wrap: (method, params) => codec.wrapNotification(method, params) },
}));

export interface GatewayOptions {
  readonly dispatcher: GatewayDispatcher;
  readonly limits: GatewayLimits;
  readonly clock: Clock;
  readonly random: () => number;
  readonly drops: Drops;
}

/** Takes WebSockets in, sweeps the dead ones out, and says good-bye before the server stops. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #perAddress = new Map<string, number>();
  #sockets = 0;
  #onEmpty: (() => void) | undefined;
  readonly #ports: ConnectionPorts;
  #looked: Iterator<Connection>;
  #cancelSweep: (() => void) | undefined;
  #closing = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { limits, drops, dispatcher, clock } = options;
    this.#ports = { limits, drops, dispatcher, now: () => clock.monotonic() };
    this.#looked = dispatcher.connections[Symbol.iterator]();
  }

  start(): void {
    this.#cancelSweep = this.#options.clock.after(SWEEP_MS, () => {
      this.#sweep();
      this.start();
    });
  }

  get connections(): number {
    return this.#options.dispatcher.size;
  }

  /**
   * Connections and what is left of closed ones: a peer that neither reads nor answers the close keeps its socket, and
   * the bytes that wait in it, until its TCP connection ends. So these count for the limits.
   */
  get sockets(): number {
    return this.#sockets;
  }

  /** Bytes that wait for slow readers, all of them together; of many sockets, by some of them. */
  queuedBytes(): number {
    let bytes = 0;
    let looks = 0;
    while (looks < Math.min(this.connections, LOOKS_AT_ONCE)) {
      const { value, done } = this.#looked.next();
      if (done === true) {
        this.#looked = this.#options.dispatcher.connections[Symbol.iterator]();
        continue;
      }
      bytes += value.queuedBytes;
      looks++;
    }
    return looks === 0 ? 0 : bytes / looks * this.connections;
  }

  /**
   * Answers the handshake; `introduction` says who it is, when it carried a valid token.
   * @throws {BarrageError} `overloaded` when the node or the address has too many sockets, `unavailable` while stopping,
   * `invalid_request` when the request is no WebSocket handshake or asks for an unknown subprotocol.
   */
  accept(request: Request, address: string, introduction: Introduction | undefined): Response {
    const { limits, dispatcher, drops } = this.#options;
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      throw new BarrageError("invalid_request", "Cannot upgrade: the request is no WebSocket handshake");
    }
    if (this.#closing) {
      throw new BarrageError("unavailable", "The server is stopping", { retryAfterMs: RECONNECT_SPREAD_MS });
    }
    const mine = this.#perAddress.get(address) ?? 0;
    if (this.#sockets >= limits.connectionsMax || mine >= limits.connectionsPerAddress) {
      drops.count("gateway", "connections");
      throw new BarrageError("overloaded", "Too many sockets", { retryAfterMs: 5_000 });
    }
    const { speech, protocol } = negotiate(request.headers.get("sec-websocket-protocol"));
    const { socket, response } = upgrade(request, protocol);
    socket.binaryType = "arraybuffer";
    this.#perAddress.set(address, mine + 1);
    this.#sockets++;
    const connection = new Connection(socket, speech, this.#ports);
    socket.onopen = () => {
      dispatcher.opened(connection, introduction);
      if (this.#closing) connection.close("shutdown");
    };
    socket.onmessage = ({ data }) => {
      connection.receive(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer));
    };
    socket.onerror = () => connection.ended();
    socket.onclose = () => {
      connection.ended();
      this.#leave(address);
    };
    return response;
  }

  get accepting(): boolean {
    return !this.#closing;
  }

  /** Takes no new sockets any more; those that are here go on. */
  refuse(): void {
    this.#closing = true;
  }

  /** Tells every client when to come back, there being no other node; calls that run are still answered. */
  announceClose(): void {
    this.refuse();
    this.#cancelSweep?.();
    for (const connection of [...this.#options.dispatcher.connections]) {
      connection.announceClose("shutdown", Math.round(this.#options.random() * RECONNECT_SPREAD_MS));
    }
  }

  /**
   * Sends the clients to other nodes, one after the other, and serves each until it has left; resolves when all have, or
   * after `withinMs`.
   */
  async sendAway(withinMs: number): Promise<void> {
    this.refuse();
    const { random, dispatcher } = this.#options;
    const graceMs = Math.round(Math.min(withinMs, RECONNECT_SPREAD_MS + MOVE_MS));
    const spreadMs = Math.max(0, Math.min(RECONNECT_SPREAD_MS, graceMs - MOVE_MS));
    for (const connection of [...dispatcher.connections]) {
      connection.announceClose("shutdown", Math.round(random() * spreadMs), graceMs);
    }
    await this.#untilEmpty(graceMs);
  }

  /**
   * Closes every socket and waits for the peers to agree, for a second at most: when the HTTP server shuts down, Deno
   * closes what is left with a code of its own.
   */
  async close(): Promise<void> {
    for (const connection of [...this.#options.dispatcher.connections]) connection.close("shutdown");
    await this.#untilEmpty(CLOSE_GRACE_MS);
  }

  async #untilEmpty(ms: number): Promise<void> {
    if (this.#sockets === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    const cancel = this.#options.clock.after(ms, resolve);
    await promise;
    cancel();
  }

  #sweep(): void {
    const now = this.#ports.now();
    const { dispatcher } = this.#options;
    for (const connection of dispatcher.connections) connection.sweep(now, dispatcher.greeted(connection));
  }

  #leave(address: string): void {
    this.#sockets--;
    if (this.#sockets === 0) this.#onEmpty?.();
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
  }
}

/** @throws {BarrageError} `invalid_request` for a handshake that is not one (RFC 6455, 4.2.1). */
function upgrade(request: Request, protocol: string | undefined): Deno.WebSocketUpgrade {
  try {
    // Our own heartbeats watch the peer; Deno's timer per socket would cost memory for the same thing.
    return Deno.upgradeWebSocket(request, {
      idleTimeout: 0,
      ...(protocol === undefined ? {} : { protocol }),
    });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new BarrageError("invalid_request", "Cannot upgrade: the request is no WebSocket handshake", {
      cause,
    });
  }
}

/** The first subprotocol of the client's list that we speak; JSON without a header in the answer when it lists none. */
function negotiate(header: string | null) {
  const offered = (header ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
  if (offered.length === 0) return { speech: speechOf(SUBPROTOCOLS.json)!, protocol: undefined };
  for (const protocol of offered) {
    const speech = speechOf(protocol);
    if (speech !== undefined) return { speech, protocol };
  }
  throw new BarrageError(
    "invalid_request",
    `Cannot upgrade: speak ${Object.values(SUBPROTOCOLS).join(" or ")}`,
  );
}

function speechOf(subprotocol: string): Speech | undefined {
  return SPEECHES.find(({ codec }) => codec.subprotocol === subprotocol);
}
