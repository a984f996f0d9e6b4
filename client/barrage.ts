import { mayReconnect } from "protocol/close_codes.ts";
import { ERRORS } from "protocol/errors.ts";
import type { RoomFrame } from "protocol/items.ts";
import type { Method, NotificationParams, Params, Result } from "protocol/methods.ts";
import type { Ai } from "./ai/ai.ts";
import { AiClient } from "./ai/ai_client.ts";
import { backoff } from "./backoff.ts";
import type { BarrageEvents } from "./barrage_events.ts";
import { Call, type CallMethod } from "./call.ts";
import type { Chat, ChatOptions } from "./chat/chat.ts";
import { ChatClient } from "./chat/chat_client.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type Codec, jsonCodec } from "./codec.ts";
import { Emitter } from "./emitter.ts";
import type { Incoming } from "./envelope.ts";
import { BarrageCallError } from "./errors.ts";
import { Link, type LinkLoss } from "./link.ts";
import { Outbox } from "./outbox.ts";
import { Renewal } from "./renewal.ts";
import type { Room } from "./room.ts";
import { Rooms } from "./rooms.ts";
import { globalSocket, type SocketConstructor, socketUrl } from "./socket.ts";
import type { ConnectionState } from "./state.ts";

export interface BarrageOptions {
  /** The server's address, `https://host`. */
  readonly url: string | URL;
  readonly token?: string;
  /**
   * Asked before every connection and before a token ends; `rejected` is true after one was refused. Undefined on a page
   * of the server's own origin leaves it to the cookies.
   */
  readonly getToken?: (asked: { rejected: boolean }) => string | undefined | Promise<string | undefined>;
  readonly codec?: Codec;
  /** Needed where there is no global one (Node 20). */
  readonly WebSocket?: SocketConstructor;
  /** Milliseconds a call may take, waiting for a connection included. @default {15_000} */
  readonly timeoutMs?: number;
  /** Calls that may wait while there is no connection; further ones fail with `overloaded`. @default {100} */
  readonly queueLimit?: number;
  readonly chat?: ChatOptions;
  readonly random?: () => number;
  readonly clock?: Clock;
}

const OPEN_TIMEOUT_MS = 10_000;
/** A link that lived this long proves that the server is well: the next backoff begins small again. */
const STEADY_MS = 5_000;

/** A connection to one server, kept up until `close()`. Rooms and calls survive reconnects. */
export class Barrage implements AsyncDisposable {
  readonly #options: BarrageOptions;
  readonly #url: string;
  readonly #Socket: SocketConstructor;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #events = new Emitter<BarrageEvents>();
  /** Models behind the server. */
  readonly ai: Ai = new AiClient(this, () => ({ clock: this.#clock, random: this.#random }));
  readonly #outbox: Outbox;
  readonly #rooms: Rooms;
  readonly #chat: ChatClient;
  readonly #renewal: Renewal | undefined;
  #state: ConnectionState = { status: "idle" };
  /** The open link. */
  #link: Link | undefined;
  /** In its handshake; the next one, where there is an open one. */
  #dialled: Link | undefined;
  /** The one before, until what was sent on it is answered. */
  #leaving: Link | undefined;
  #generation = 0;
  #attempt = 0;
  #openedAt = 0;
  #rejected = false;
  #closing: NotificationParams<"session.closing"> | undefined;
  #retryTimer: unknown;

  /** @throws {TypeError} for a wrong `url`, or without any WebSocket. */
  constructor(options: BarrageOptions) {
    this.#options = options;
    this.#url = socketUrl(options.url);
    this.#Socket = options.WebSocket ?? globalSocket();
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#outbox = new Outbox(this.#clock, options.queueLimit ?? 100, (call) => this.#rooms.isEntering(call));
    const parts = {
      call: ((method, params, options) => this.call(method, params, options)) as CallMethod,
      clock: this.#clock,
      random: this.#random,
    };
    this.#rooms = new Rooms({
      ...parts,
      isOpen: () => this.#state.status === "open",
      settled: () => this.#outbox.pass(),
    });
    this.#chat = new ChatClient({ ...parts, connect: () => this.connect(), options: options.chat ?? {} });
    const { getToken } = options;
    this.#renewal = getToken && new Renewal({
      clock: this.#clock,
      getToken: () => getToken({ rejected: false }),
      renew: (token) => this.#renew(token),
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  on<Name extends keyof BarrageEvents>(
    name: Name,
    listener: (...args: BarrageEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Resolves once the connection is open. Not needed before a call: the first one connects.
   * @throws {BarrageCallError} `unauthenticated` or `unavailable` when the server will not have this client.
   */
  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (state: ConnectionState) => {
        if (state.status === "open") resolve();
        else if (state.status === "closed") reject(closedError("connect", state));
        else return;
        stop();
      };
      const stop = this.on("state", settle);
      if (this.#state.status === "idle" || this.#state.status === "closed") this.#dial();
      else settle(this.#state);
    });
  }

  /** Drops the link, if any, and connects at once: after the token has changed, or when the network is back. */
  reconnect(): void {
    if (this.#state.status === "connecting") return;
    this.#dropLink();
    this.#dial();
  }

  /** Goes on with a newer token, if there is one, without waiting for the end of the present one: after a new name. */
  async renew(): Promise<void> {
    if (this.#link !== undefined) await this.#renewal?.run();
  }

  /** The same object for the same id. */
  room(id: string): Room {
    return this.#rooms.get(id);
  }

  /** Conversations; for those who have an account. */
  get chat(): Chat {
    return this.#chat;
  }

  /** @throws {BarrageCallError} with the server's reason, or `timeout`, `overloaded`, `unavailable` from here. */
  call<M extends Method>(
    method: M,
    params: Params<M>,
    options: { repeatable?: boolean; timeoutMs?: number } = {},
  ): Promise<Result<M>> {
    if (this.#state.status === "closed") return Promise.reject(closedError(method, this.#state));
    const call = new Call({ method, params, repeatable: options.repeatable ?? false }, {
      clock: this.#clock,
      timeoutMs: options.timeoutMs ?? this.#options.timeoutMs ?? 15_000,
    });
    this.#outbox.submit(call);
    if (this.#state.status === "idle") this.#dial();
    return call.promise as Promise<Result<M>>;
  }

  /** Ends the connection for good; calls that wait fail with `unavailable`. */
  close(): void {
    this.#finish(1000, "Closed by the client");
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #dial(): void {
    this.#clock.clear(this.#retryTimer);
    this.#hangUp();
    this.#enter({ status: "connecting", attempt: this.#attempt });
    this.#connect(++this.#generation);
  }

  /** To where the server sends us, while the open link is still served: nothing waits for the way there. */
  #moveIn(ms: number): void {
    this.#clock.clear(this.#retryTimer);
    this.#retryTimer = this.#clock.set(() => this.#connect(++this.#generation), ms);
  }

  async #connect(generation: number): Promise<void> {
    try {
      const token = await this.#token();
      if (generation === this.#generation) this.#open(generation, token);
    } catch (error) {
      if (generation === this.#generation) this.#refused(error);
    }
  }

  async #token(): Promise<string | undefined> {
    const { getToken, token } = this.#options;
    if (getToken) return await getToken({ rejected: this.#rejected });
    if (token === undefined) {
      throw new BarrageCallError("unauthenticated", "Cannot connect: no token was given");
    }
    return token;
  }

  /** A token of another session cannot take over the link; it gets one of its own. */
  async #renew(token: string): Promise<number> {
    try {
      const { expiresInMs } = await this.call("session.renew", { token }, { repeatable: true });
      return expiresInMs;
    } catch (error) {
      if (error instanceof BarrageCallError && error.reason === "unauthenticated") this.reconnect();
      throw error;
    }
  }

  #open(generation: number, token: string | undefined): void {
    const codec = this.#options.codec ?? jsonCodec;
    const socket = new this.#Socket(this.#url, [codec.protocol]);
    const link = new Link(generation, {
      socket,
      codec,
      clock: this.#clock,
      token,
      openTimeoutMs: OPEN_TIMEOUT_MS,
    }, {
      opened: (hello) => this.#opened(link, hello),
      message: (message) => this.#received(link, message),
      lost: (why) => this.#lost(link, why),
    });
    this.#dialled = link;
  }

  /**
   * Make before break, where there is an open link: from here on rooms are entered over the new one, from where they
   * stand, and frames of the old one are ignored. Further calls wait until what was sent on the old one is answered,
   * so that none overtakes it; then the old one is closed.
   */
  #opened(link: Link, { user, expiresInMs }: Result<"session.hello">): void {
    const before = this.#link;
    this.#link = link;
    this.#dialled = undefined;
    this.#leave(before);
    this.#rejected = false;
    this.#closing = undefined;
    this.#openedAt = this.#clock.now();
    this.#renewal?.begin(link.token, expiresInMs);
    this.#outbox.attach(link);
    const emptied = before === undefined ? undefined : this.#outbox.emptied(before.generation);
    const entered = this.#rooms.linkOpened();
    this.#chat.linkOpened(user);
    if (before === undefined) this.#enter({ status: "open", user });
    this.#events.emit("linked");
    Promise.allSettled([entered, emptied]).then(() => {
      if (before === this.#leaving) this.#leave(undefined);
      if (link === this.#link && !this.#doomed) this.#outbox.flow();
    });
  }

  /** The server serves the open link no longer. */
  get #doomed(): boolean {
    return this.#closing !== undefined && this.#closing.graceMs === undefined;
  }

  #leave(link: Link | undefined): void {
    const last = this.#leaving;
    this.#leaving = link;
    if (last === undefined) return;
    last.close();
    this.#outbox.detach(last.generation);
  }

  #received(link: Link, message: Incoming): void {
    if (message.kind === "reply") {
      this.#outbox.receive(message.reply);
      if ("error" in message.reply) {
        this.#events.emit("refused", BarrageCallError.fromWire(message.reply.error));
      }
      return;
    }
    if (link !== this.#link) return;
    switch (message.method) {
      case "room.frame":
        return this.#rooms.receive(message.params as RoomFrame);
      case "session.closing":
        this.#closing = message.params as NotificationParams<"session.closing">;
        if (this.#doomed) this.#outbox.hold();
        else if (this.#closing.reconnect) this.#moveIn(this.#closing.afterMs);
        return this.#events.emit("closing", this.#closing);
      case "account.alert":
        return this.#events.emit("alert", message.params as NotificationParams<"account.alert">);
      default:
        if (message.method.startsWith("ai.")) return this.#events.emit("ai", message.method, message.params);
        return this.#chat.receive(message.method, message.params);
    }
  }

  #lost(link: Link, why: LinkLoss): void {
    if (link === this.#leaving) return this.#leave(undefined);
    if (link === this.#dialled) this.#dialled = undefined;
    if (link === this.#link) this.#detach();
    else if (this.#link !== undefined) return this.#moveIn(this.#backoff());
    switch (why.kind) {
      case "refused":
        return this.#refused(why.error);
      case "closed":
        if (why.code === 4402) return this.#refused(new BarrageCallError("unauthenticated", why.reason));
        if (!mayReconnect(why.code) || this.#closing?.reconnect === false) {
          return this.#finish(why.code, why.reason || this.#closing?.reason || "Closed by the server");
        }
        return this.#retry(this.#closing?.reason ?? (why.reason || "Connection lost"));
      case "silent":
        return this.#retry("No answer from the server");
      case "garbled":
        return this.#retry("The server sent what cannot be read");
    }
  }

  /** No token, or a token that the server refuses. A fresh one is asked for once. */
  #refused(error: unknown): void {
    if (this.#link !== undefined) return this.#moveIn(this.#backoff());
    if (!(error instanceof BarrageCallError)) return this.#retry(String(error));
    if (error.reason === "unauthenticated") {
      if (this.#rejected || !this.#options.getToken) return this.#finish(4402, error.message);
      this.#rejected = true;
      return this.#dial();
    }
    if (!ERRORS[error.reason].retry && error.reason !== "internal") return this.#finish(4400, error.message);
    this.#retry(error.message, error.retryAfterMs);
  }

  #retry(reason: string, atLeastMs = this.#doomed ? this.#closing?.afterMs ?? 0 : 0): void {
    // The next link is on its way already.
    if (this.#dialled !== undefined) return this.#enter({ status: "connecting", attempt: this.#attempt });
    const inMs = atLeastMs + this.#backoff();
    this.#enter({ status: "waiting", retryAt: this.#clock.now() + inMs, inMs, reason });
    this.#retryTimer = this.#clock.set(() => this.#dial(), inMs);
  }

  #backoff(): number {
    if (this.#openedAt > 0 && this.#clock.now() - this.#openedAt >= STEADY_MS) this.#attempt = 0;
    this.#openedAt = 0;
    return backoff(this.#attempt++, this.#random);
  }

  #finish(code: number, reason: string): void {
    this.#dropLink();
    const closed = { status: "closed", code, reason } as const;
    this.#enter(closed);
    this.#outbox.close(closedError("finish", closed));
    this.#chat.finished(closedError("finish", closed));
  }

  #dropLink(): void {
    this.#hangUp();
    this.#link?.close();
    this.#detach();
  }

  #hangUp(): void {
    this.#dialled?.close();
    this.#dialled = undefined;
  }

  /** There is no open link any more. */
  #detach(): void {
    this.#clock.clear(this.#retryTimer);
    this.#renewal?.stop();
    if (this.#dialled === undefined) this.#generation++;
    this.#leave(undefined);
    const link = this.#link;
    this.#link = undefined;
    if (link === undefined) return;
    this.#outbox.detach(link.generation);
    this.#rooms.linkLost();
    this.#chat.linkLost();
  }

  #enter(state: ConnectionState): void {
    this.#state = state;
    this.#events.emit("state", state);
  }
}

function closedError(what: string, state: { code: number; reason: string }): BarrageCallError {
  const reason = state.code === 4402 ? "unauthenticated" : "unavailable";
  return new BarrageCallError(reason, `Cannot ${what}: the connection is closed: ${state.reason}`);
}
