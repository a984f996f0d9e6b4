import type { Frame } from "protocol/codec.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Joined } from "protocol/rooms.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { Verified } from "../verifier.ts";
import type { FrameForm } from "./broadcast.ts";
import type { Hub } from "./hub.ts";
import type { GallerySeat, Viewer } from "./seat.ts";
import type { TokenDesk } from "./token_desk.ts";

const COMMENT_MS = 15_000;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

const SSE: FrameForm = {
  name: "sse",
  wrap: (method, params, { epoch, to }) => event(method, epoch, to, decoder.decode(params)),
};

/** The WHATWG event stream format; `json` has no line breaks, as JSON.stringify makes it. */
function event(name: string, epoch: number, offset: number, json: string): Uint8Array {
  return encoder.encode(`id: ${epoch}-${offset}\nevent: ${name}\ndata: ${json}\n\n`);
}

export interface EventStreamsOptions {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly drops: Drops;
  readonly tokens: TokenDesk;
  readonly limits: {
    readonly sendQueueMaxBytes: number;
    readonly connectionsMax: number;
    readonly connectionsPerAddress: number;
  };
}

/** Read-only viewers over HTTP, as many as the limits of the gateway allow. */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #open = new Set<EventStream>();
  readonly #perAddress = new Map<string, number>();
  #cancel: (() => void) | undefined;
  #closing = false;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
  }

  /** Comments keep proxies from closing a quiet stream, and show us which peers are gone. */
  start(): void {
    this.#cancel = this.#options.clock.after(COMMENT_MS, () => {
      for (const stream of this.#open) stream.comment();
      this.start();
    });
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * @param verified Whose token the stream rests on, if any.
   * @throws {BarrageError} `overloaded` over the limits, `unavailable` while the server stops.
   */
  open(address: string, verified: Verified | undefined): EventStream {
    const { limits, drops, tokens } = this.#options;
    if (this.#closing) throw new BarrageError("unavailable", "The server is stopping");
    const mine = this.#perAddress.get(address) ?? 0;
    if (this.#open.size >= limits.connectionsMax || mine >= limits.connectionsPerAddress) {
      drops.count("gateway", "event_streams");
      throw new BarrageError("overloaded", "Too many event streams", { retryAfterMs: 5_000 });
    }
    this.#perAddress.set(address, mine + 1);
    const stream: EventStream = new EventStream(limits.sendQueueMaxBytes, drops, () => {
      this.#open.delete(stream);
      tokens.leave(stream);
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
    });
    this.#open.add(stream);
    if (verified !== undefined) tokens.enter(stream, verified);
    return stream;
  }

  online(room: string, counted: number): number {
    return this.#options.hub.online(room, counted);
  }

  async enter(room: string, stream: EventStream): Promise<GallerySeat> {
    const seat = await this.#options.hub.enter(room, stream);
    stream.take(seat);
    return seat;
  }

  close(): void {
    this.#closing = true;
    this.#cancel?.();
    for (const stream of [...this.#open]) stream.close();
  }
}

export class EventStream implements Viewer {
  readonly form = SSE;
  readonly body: ReadableStream<Uint8Array>;
  #seat: GallerySeat | undefined;
  readonly #drops: Drops;
  readonly #onClosed: () => void;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #open = true;

  constructor(maxBytes: number, drops: Drops, onClosed: () => void) {
    this.#drops = drops;
    this.#onClosed = onClosed;
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => this.#end(),
    }, new ByteLengthQueuingStrategy({ highWaterMark: maxBytes }));
  }

  /** A viewer who went while its place was made leaves it at once. */
  take(seat: GallerySeat): void {
    this.#seat = seat;
    if (!this.#open) seat.leave();
  }

  joined(joined: Joined): void {
    this.send(event("room.joined", joined.epoch, joined.offset, JSON.stringify(joined)));
  }

  send(frame: Frame): void {
    if (!this.#open || typeof frame === "string") return;
    // As on a WebSocket: what waits already decides, so that one large answer alone closes nobody.
    if ((this.#controller.desiredSize ?? 0) <= 0) {
      this.#drops.count("gateway", "slow_event_stream");
      return this.close();
    }
    this.#controller.enqueue(frame);
  }

  comment(): void {
    this.send(encoder.encode(":\n\n"));
  }

  close(): void {
    if (!this.#open) return;
    this.#end();
    this.#controller.close();
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#seat?.leave();
    this.#onClosed();
  }
}
