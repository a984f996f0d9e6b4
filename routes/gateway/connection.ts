import { CLOSE_CODES, type CloseReason, mayReconnect } from "protocol/close_codes.ts";
import type { Codec, Frame } from "protocol/codec.ts";
import {
  type Envelope,
  type ErrorReply,
  errorReply,
  readIncoming,
  type RequestId,
  type ResultReply,
  resultReply,
} from "protocol/envelope.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Drops } from "actors/runtime/drops.ts";
import { TokenBucket } from "actors/token_bucket.ts";
import type { FrameForm } from "./broadcast.ts";
import { BAD_FRAMES, type GatewayLimits, STRIKES } from "./limits.ts";
import type { Viewer } from "./seat.ts";
import type { Socket } from "./socket.ts";

export interface Answer {
  readonly result: unknown;
  /** What must wait until the answer is on the wire: frames of a room just joined, say. */
  readonly onSent?: () => void;
}

/** Carries out the calls of one socket after another. */
export interface Dispatcher {
  /** `bytes` is the size of the frame the call came in. */
  call(connection: Connection, method: string, params: unknown, bytes: number): Promise<Answer>;
  closed(connection: Connection): void;
}

/** What all connections of a gateway share. */
export interface ConnectionPorts {
  readonly limits: GatewayLimits;
  readonly drops: Drops;
  readonly dispatcher: Dispatcher;
  readonly now: () => number;
}

/** What the peer speaks, for answers and for room frames. */
export interface Speech {
  readonly codec: Codec;
  readonly form: FrameForm;
}

/** A queue may pass its bound by this part of it. */
const LOOKS_PER_QUEUE = 16;

type Reply = ResultReply | ErrorReply;
/** A closing socket has been told so; what runs may still be answered. */
type Life = "open" | "closing" | "closed";
/** Called exactly once per call; without a reply for notifications, which JSON-RPC never answers. */
type Done = (reply: Reply | undefined, onSent?: () => void) => void;

/**
 * One WebSocket: decodes frames, keeps the limits, encodes answers. Who the socket belongs to and what it may do is
 * the dispatcher's and the session's business.
 */
export class Connection implements Viewer {
  readonly openedAt: number;
  heardAt: number;
  readonly #socket: Socket;
  readonly #speech: Speech;
  readonly #ports: ConnectionPorts;
  #life: Life = "open";
  #inFlight: Set<RequestId> | undefined;
  #unnamed = 0;
  /** Sent since the queue was last looked at. */
  #sinceLook = 0;
  #calls: TokenBucket;
  #strikes: TokenBucket | undefined;
  #badFrames: TokenBucket | undefined;

  constructor(socket: Socket, speech: Speech, ports: ConnectionPorts) {
    this.#socket = socket;
    this.#speech = speech;
    this.#ports = ports;
    this.openedAt = this.heardAt = ports.now();
    this.#calls = new TokenBucket(ports.limits.callsBurst, ports.limits.callsPerSecond, this.openedAt);
  }

  get form(): FrameForm {
    return this.#speech.form;
  }

  get codec(): Codec {
    return this.#speech.codec;
  }

  get limits(): GatewayLimits {
    return this.#ports.limits;
  }

  /** Bytes that wait for the peer. */
  get queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  get open(): boolean {
    return this.#life !== "closed";
  }

  receive(frame: Frame): void {
    if (this.#life === "closed") return;
    this.heardAt = this.#ports.now();
    const bytes = typeof frame === "string" ? utf8Length(frame, this.limits.frameMaxBytes) : frame.byteLength;
    if (bytes > this.limits.frameMaxBytes) {
      this.#ports.drops.count("gateway", "frame_too_large");
      return this.close("frame_too_large");
    }
    let decoded: unknown;
    try {
      decoded = this.#speech.codec.decode(frame);
    } catch (error) {
      this.#ports.drops.count("gateway", "parse");
      this.send(this.#speech.codec.encode(errorReply(null, BarrageError.from(error))));
      return this.#strikeBadFrame();
    }
    const incoming = readIncoming(decoded);
    if (incoming.kind === "single") {
      this.#take(incoming.envelope, bytes, (reply, onSent) => {
        if (reply !== undefined) this.send(this.#speech.codec.encode(reply));
        onSent?.();
      });
    } else {
      this.#takeBatch(incoming.envelopes, bytes);
    }
  }

  send(frame: Frame): void {
    if (this.#life === "closed") return;
    // Deno buffers what the peer does not read without a limit; this is the limit. Looked at before, so that one
    // large answer alone closes nobody, and only now and then: the look costs as much as a tenth of a send.
    const { sendQueueMaxBytes } = this.limits;
    this.#sinceLook += frame.length;
    if (this.#sinceLook > sendQueueMaxBytes / LOOKS_PER_QUEUE) {
      this.#sinceLook = 0;
      if (this.#socket.bufferedAmount > sendQueueMaxBytes) {
        this.#ports.drops.count("gateway", "slow_reader");
        return this.close("slow_reader");
      }
    }
    this.#socket.send(frame as string | Uint8Array<ArrayBuffer>);
  }

  notify(method: string, params: unknown): void {
    this.send(this.#speech.codec.encode({ jsonrpc: "2.0", method, params }));
  }

  /** Says that this socket will be closed and when to come back. */
  announceClose(reason: CloseReason, afterMs: number, graceMs?: number): void {
    if (this.#life !== "open") return;
    this.#life = "closing";
    const reconnect = mayReconnect(CLOSE_CODES[reason].code);
    this.notify("session.closing", {
      reason,
      reconnect,
      afterMs,
      ...(graceMs === undefined ? {} : { graceMs }),
    });
  }

  close(reason: CloseReason): void {
    if (this.#life === "closed") return;
    const { code, text } = CLOSE_CODES[reason];
    // A reader that does not keep up would not read this either.
    if (reason !== "slow_reader") this.announceClose(reason, 0);
    this.ended();
    this.#socket.close(code, text);
  }

  /** The socket is gone, by us or by the peer. */
  ended(): void {
    if (this.#life === "closed") return;
    this.#life = "closed";
    this.#ports.dispatcher.closed(this);
  }

  /** Closes a peer that never said hello, or fell silent for two heartbeats. */
  sweep(now: number, greeted: boolean): void {
    if (!greeted && now - this.openedAt > this.limits.helloTimeoutMs) this.close("hello_timeout");
    else if (now - this.heardAt > 2 * this.limits.heartbeatMs) this.close("heartbeat");
  }

  #takeBatch(envelopes: readonly Envelope[], bytes: number): void {
    const replies: Reply[] = [];
    const sent: (() => void)[] = [];
    let open = envelopes.length;
    const each = bytes / envelopes.length;
    for (const envelope of envelopes) {
      this.#take(envelope, each, (reply, onSent) => {
        if (reply !== undefined) replies.push(reply);
        if (onSent !== undefined) sent.push(onSent);
        if (--open > 0) return;
        if (replies.length > 0) this.send(this.#speech.codec.encode(replies));
        for (const tell of sent) tell();
      });
    }
  }

  #take(envelope: Envelope, bytes: number, done: Done): void {
    switch (envelope.kind) {
      case "invalid":
        this.#ports.drops.count("gateway", "invalid_request");
        this.#strikeBadFrame();
        return done(errorReply(envelope.id, envelope.error));
      case "reply":
        this.#ports.drops.count("gateway", "unasked_reply");
        this.#strikeBadFrame();
        return done(undefined);
      case "notification":
        return this.#run(undefined, envelope.method, envelope.params, bytes, done);
      case "request":
        return this.#run(envelope.id, envelope.method, envelope.params, bytes, done);
      default:
        envelope satisfies never;
    }
  }

  #run(
    id: RequestId | undefined,
    method: string,
    params: unknown,
    bytes: number,
    done: Done,
  ): void {
    const refusal = this.#refuse(id);
    if (refusal !== undefined) return done(id === undefined ? undefined : errorReply(id, refusal));
    this.#begin(id);
    this.#ports.dispatcher.call(this, method, params, bytes).then(
      ({ result, onSent }) => {
        this.#end(id);
        done(id === undefined ? undefined : resultReply(id, result), onSent);
      },
      (error) => {
        this.#end(id);
        done(id === undefined ? undefined : errorReply(id, BarrageError.from(error)));
      },
    );
  }

  #refuse(id: RequestId | undefined): BarrageError | undefined {
    const now = this.#ports.now();
    const wait = this.#calls.take(now);
    if (wait > 0) {
      this.#ports.drops.count("gateway", "rate_limited");
      this.#strikes ??= new TokenBucket(STRIKES.burst, STRIKES.perSecond, now);
      if (this.#strikes.take(now) > 0) this.close("flood");
      return new BarrageError("rate_limited", "Too many calls on this socket", { retryAfterMs: wait });
    }
    if (id !== undefined && this.#inFlight?.has(id)) {
      return new BarrageError("invalid_request", "A call with this id is still running", { path: "id" });
    }
    if ((this.#inFlight?.size ?? 0) + this.#unnamed >= this.limits.callsInFlight) {
      this.#ports.drops.count("gateway", "calls_in_flight");
      return new BarrageError("overloaded", "Too many calls wait for an answer on this socket", {
        retryAfterMs: 100,
      });
    }
    return undefined;
  }

  #begin(id: RequestId | undefined): void {
    if (id === undefined) this.#unnamed++;
    else (this.#inFlight ??= new Set()).add(id);
  }

  #end(id: RequestId | undefined): void {
    if (id === undefined) {
      this.#unnamed--;
      return;
    }
    this.#inFlight?.delete(id);
    // An idle socket keeps no set.
    if (this.#inFlight?.size === 0) this.#inFlight = undefined;
  }

  #strikeBadFrame(): void {
    const now = this.#ports.now();
    this.#badFrames ??= new TokenBucket(BAD_FRAMES.burst, BAD_FRAMES.perSecond, now);
    if (this.#badFrames.take(now) > 0) this.close("bad_protocol");
  }
}

/** Bytes in UTF-8; exact only where it decides whether the limit is passed. */
function utf8Length(text: string, limit: number): number {
  if (text.length > limit || text.length * 3 <= limit) return text.length;
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : unit >= 0xd800 && unit <= 0xdfff ? 2 : 3;
  }
  return bytes;
}
