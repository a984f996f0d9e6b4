import { z } from "zod";
import { BarrageError } from "protocol/errors.ts";
import { type Headers, NoResponders } from "./bus.ts";
import type { Feed, FeedCounts, FeedLoss } from "./feed.ts";
import { type FeedFrame, FeedQueue } from "./feed_queue.ts";
import { checkMessage, NO_HEADERS } from "./message.ts";
import { parseServer } from "./nats_dial.ts";
import { NatsLink } from "./nats_link.ts";
import { decodeMessage } from "./nats_message.ts";
import { prepareStream, type StreamBounds } from "./nats_stream.ts";
import type { PipeLimits } from "./pipe.ts";

export interface NatsFeedOptions {
  /** As for the bus. */
  readonly servers: readonly string[];
  /** How the server's tools show this node. */
  readonly name: string;
  readonly stream: StreamBounds;
  /** Receives why the feed does not get on, once until it does again. */
  readonly onError: (error: unknown) => void;
  /** What may wait. @default 16,384 frames and 32 MiB */
  readonly limits?: PipeLimits;
  /** Milliseconds for which a frame is tried, below DUPLICATES_MS. @default 60,000 */
  readonly patienceMs?: number;
  /** Milliseconds without an acknowledgement after which a frame is sent again. @default 2,000 */
  readonly ackMs?: number;
  /** Milliseconds a disposal may wait for what is still to be handed over. @default 2,000 */
  readonly closeTimeoutMs?: number;
  readonly pingIntervalMs?: number;
}

const DIAL_TIMEOUT_MS = 2_000;
/** For the last messages of the connection itself. */
const CLOSE_MS = 500;
const ROUND = 256;
const PAUSE_FIRST_MS = 50;
const PAUSE_MAX_MS = 2_000;
const EVENTS = "barrage.v1.evt.";
const FEED = "barrage.v1.feed.";

const Ack = z.object({ stream: z.string(), seq: z.number(), duplicate: z.boolean().optional() });
const Refusal = z.object({ error: z.object({ code: z.number(), description: z.string() }) });

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Room frames in a JetStream stream, published anew as `barrage.v1.feed.room.<id>.frame` and acknowledged one by one,
 * which a stream over the events themselves could not offer: nobody would know what it missed. Of each room one frame
 * is on its way at a time, so that a frame sent again cannot come after a later one, and its message id makes the same
 * frame the same message. It has a connection of its own: whatever JetStream does, events and commands do not wait.
 */
export class NatsFeed implements Feed {
  readonly #options: NatsFeedOptions;
  readonly #link: NatsLink;
  readonly #queue: FeedQueue;
  readonly #lost: Record<FeedLoss, number> = {
    overflow: 0,
    expired: 0,
    refused: 0,
    too_large: 0,
    stopped: 0,
  };
  #sent = 0;
  #duplicates = 0;
  #empty = 0;
  #pumping: Promise<void> | undefined;
  #prepared = false;
  #told = false;
  #phase: "open" | "closing" | "closed" = "open";
  #wake: () => void = () => {};

  constructor(options: NatsFeedOptions) {
    this.#options = options;
    this.#queue = new FeedQueue(options.limits ?? { messages: 16_384, bytes: 32 * 1_048_576 });
    this.#link = new NatsLink({
      servers: options.servers.map(parseServer),
      name: `${options.name} feed`,
      timeoutMs: DIAL_TIMEOUT_MS,
      pingIntervalMs: options.pingIntervalMs ?? 5_000,
      limits: { messages: 65_536, bytes: 64 * 1_048_576 },
      onError: options.onError,
      onChange: () => this.#connectionChanged(),
    });
  }

  get counts(): FeedCounts {
    return {
      sent: this.#sent,
      duplicates: this.#duplicates,
      waiting: this.#queue.size,
      lost: { ...this.#lost },
    };
  }

  offer(subject: string, data: Uint8Array, headers: Headers): void {
    if (this.#phase !== "open") return void this.#lost.stopped++;
    const frame: FeedFrame = {
      subject: `${FEED}${subject.slice(EVENTS.length)}`,
      data: new Uint8Array(data),
      headers: { ...headers, "Nats-Msg-Id": this.#idOf(subject, headers) },
      bytes: data.byteLength,
      offeredAt: performance.now(),
    };
    if (!this.#queue.push(frame)) return void this.#lost.overflow++;
    this.#pumping ??= this.#pump();
  }

  /** Hands over what waits, for a bounded time; the rest is counted. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#phase !== "open") return;
    this.#phase = "closing";
    const { closeTimeoutMs = 2_000, onError } = this.#options;
    const timer = setTimeout(() => this.#close(), closeTimeoutMs);
    await this.#pumping;
    clearTimeout(timer);
    this.#close();
    const left = this.#queue.size;
    if (left > 0) {
      this.#lost.stopped += this.#queue.expire(Infinity);
      onError(new Error(`Cannot hand ${left} frames over to the feed: the node stops`));
    }
    await this.#link.close(CLOSE_MS);
  }

  /** A room's range of offsets in an epoch is published once; frames without items have none and get a number. */
  #idOf(subject: string, headers: Headers): string {
    const room = subject.split(".")[4];
    const { epoch, from, to, count } = headers;
    const number = count === "0" ? `.${++this.#empty}` : "";
    return `${room}.${epoch}.${from}-${to}${number}`;
  }

  async #pump(): Promise<void> {
    let failures = 0;
    while (this.#busy) {
      if (await this.#ready() && await this.#round()) {
        failures = 0;
        this.#told = false;
        continue;
      }
      const { patienceMs = 60_000 } = this.#options;
      this.#lost.expired += this.#queue.expire(performance.now() - patienceMs);
      await this.#pause(Math.min(PAUSE_FIRST_MS * 2 ** failures++, PAUSE_MAX_MS));
    }
    // In the step in which it saw that nothing is to do: what is offered next starts it again.
    this.#pumping = undefined;
  }

  /** The stream is made before there is a frame, so that consumers find it. */
  get #busy(): boolean {
    if (this.#phase === "closed") return false;
    return this.#queue.size > 0 || (this.#phase === "open" && this.#link.connected && !this.#prepared);
  }

  /** Whether the stream is there to take frames. */
  async #ready(): Promise<boolean> {
    if (!this.#link.connected) return false;
    if (this.#prepared) return true;
    try {
      await prepareStream((subject, body) => this.#ask(subject, body), this.#options.stream);
      this.#prepared = true;
    } catch (error) {
      this.#tell(
        error instanceof NoResponders ? new Error("Cannot feed: the server has no JetStream") : error,
      );
    }
    return this.#prepared;
  }

  /** Sends a frame of each room; true when all of them are dealt with. */
  async #round(): Promise<boolean> {
    const frames = this.#queue.heads(ROUND);
    const done = await Promise.all(frames.map((frame) => this.#deal(frame)));
    return done.every((settled) => settled);
  }

  async #deal(frame: FeedFrame): Promise<boolean> {
    const settled = await this.#send(frame);
    if (settled) this.#queue.remove(frame);
    return settled;
  }

  /** True when the frame is in the stream, or never will be. */
  async #send({ subject, data, headers }: FeedFrame): Promise<boolean> {
    let answer: unknown;
    try {
      answer = await this.#request(subject, data, headers);
    } catch (error) {
      if (error instanceof BarrageError && error.reason === "too_large") {
        this.#lost.too_large++;
        return true;
      }
      // The stream is gone, or its server: it is looked for anew.
      if (error instanceof NoResponders) this.#prepared = false;
      this.#tell(error);
      return false;
    }
    const ack = Ack.safeParse(answer);
    if (ack.success) {
      this.#sent++;
      if (ack.data.duplicate === true) this.#duplicates++;
      return true;
    }
    const refusal = Refusal.safeParse(answer);
    this.#tell(
      new Error(`Cannot feed: ${refusal.data?.error.description ?? "what answers is not JetStream"}`),
    );
    // Codes below 500 are about this frame; the others about the stream.
    if (refusal.success && refusal.data.error.code >= 500) return false;
    this.#lost.refused++;
    return true;
  }

  #ask(subject: string, body: object | undefined): Promise<unknown> {
    const data = body === undefined ? "" : JSON.stringify(body);
    return this.#request(subject, encoder.encode(data), NO_HEADERS);
  }

  async #request(subject: string, data: Uint8Array, headers: Headers): Promise<unknown> {
    const bytes = checkMessage(subject, data, headers, this.#link.maxBytes);
    const { ackMs = 2_000 } = this.#options;
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(new Error(`Cannot feed: no answer in ${ackMs} ms`)), ackMs);
    try {
      const reply = await this.#link.request(subject, data, headers, bytes, patience.signal);
      return JSON.parse(decoder.decode(decodeMessage(reply, subject, () => {}).data));
    } finally {
      clearTimeout(timer);
    }
  }

  #connectionChanged(): void {
    this.#prepared = false;
    if (!this.#link.connected || this.#phase === "closed") return;
    this.#wake();
    if (this.#busy) this.#pumping ??= this.#pump();
  }

  #close(): void {
    this.#phase = "closed";
    this.#wake();
  }

  #tell(error: unknown): void {
    if (this.#told) return;
    this.#told = true;
    this.#options.onError(error);
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }
}
