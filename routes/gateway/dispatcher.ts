import { getLogger } from "@logtape/logtape";
import { AI_METHODS, type AiMethod } from "protocol/ai_methods.ts";
import { CHAT_METHODS, type ChatMethod } from "protocol/chat_methods.ts";
import { BarrageError } from "protocol/errors.ts";
import { invalidParams } from "protocol/issues.ts";
import { type Method, METHODS, type Parsed, type Result } from "protocol/methods.ts";
import type { CallOptions } from "actors/runtime/call.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { sessionActor, type SessionVerbs } from "actors/session/definition.ts";
import { type Seat, sessionFactory, type SocketSide } from "actors/session/session.ts";
import type { Introduction } from "../identify.ts";
import type { Border } from "../switches/border.ts";
import { METHOD_CLASSES } from "../switches/method_classes.ts";
import { isSame, type Verified, type Verifier } from "../verifier.ts";
import type { AiDesk } from "./ai/ai_desk.ts";
import type { ChatDesk } from "./chat/chat_desk.ts";
import type { Answer, Connection, Dispatcher } from "./connection.ts";
import type { Hub } from "./hub.ts";
import type { TokenDesk } from "./token_desk.ts";
import type { UserDesk } from "./user_desk.ts";

const log = getLogger(["barrage", "gateway"]);

type Greeting =
  /** `cookie` stands for the hello of whoever calls without one. */
  | { readonly phase: "greeting"; readonly cookie?: Verified }
  | { readonly phase: "verifying" }
  | { readonly phase: "greeted"; readonly verified: Verified; readonly session: string };
type Greeted = Extract<Greeting, { phase: "greeted" }>;

interface Guest {
  greeting: Greeting;
}

type SessionMethods = {
  readonly [M in Exclude<Method, AiMethod | ChatMethod | "session.hello" | "session.renew" | "session.ping">]:
    (
      session: Ref<SessionVerbs>,
      params: Parsed<M>,
      options: CallOptions,
    ) => Promise<Result<M>>;
};

const SESSION_METHODS: SessionMethods = {
  "room.join": (session, params, options) => session.join(params, options),
  "room.leave": (session, params, options) => session.leave(params, options),
  "room.pause": (session, params, options) => session.pause(params, options),
  "room.unpause": (session, params, options) => session.unpause(params, options),
  "room.say": (session, params, options) => session.say(params, options),
  "room.mute": (session, params, options) => session.mute(params, options),
  "room.unmute": (session, params, options) => session.unmute(params, options),
};

export interface DispatcherParts {
  readonly node: ActorNode;
  readonly hub: Hub;
  readonly users: UserDesk;
  readonly chat: ChatDesk;
  readonly ai: AiDesk;
  readonly tokens: TokenDesk;
  readonly verifier: Verifier;
  readonly border: Pick<Border, "admit" | "admitSocket">;
}

/** Turns calls into commands to the session's actor, and keeps the session and its socket together. */
export class GatewayDispatcher implements Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #guests = new Map<Connection, Guest>();
  /** Seats whose answer is not on the wire yet, by the very answer they wait for. */
  readonly #cutovers = new WeakMap<object, () => void>();

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  get connections(): Iterable<Connection> {
    return this.#guests.keys();
  }

  get size(): number {
    return this.#guests.size;
  }

  /** `introduction`: what the handshake said of who this is. */
  opened(connection: Connection, introduction: Introduction | undefined): void {
    const guest: Guest = { greeting: { phase: "greeting" } };
    this.#guests.set(connection, guest);
    if (introduction === undefined) return;
    const { by, verified } = introduction;
    if (by === "cookie") {
      guest.greeting = { phase: "greeting", cookie: verified };
      return this.#parts.tokens.enter(connection, verified);
    }
    try {
      this.#greet(connection, guest, verified);
    } catch (error) {
      // The node began to stop between the handshake and now.
      log.warn("Cannot begin a session: {error}", { error });
      connection.close("session_lost");
    }
  }

  greeted(connection: Connection): boolean {
    return this.#guests.get(connection)?.greeting.phase === "greeted";
  }

  async call(connection: Connection, name: string, params: unknown, bytes: number): Promise<Answer> {
    const guest = this.#guests.get(connection);
    if (guest === undefined) throw new BarrageError("gone", "The socket is closed");
    if (!Object.hasOwn(METHODS, name)) {
      throw new BarrageError("unknown_method", "Cannot call the method: no such method");
    }
    const method = name as Method;
    this.#admit(guest, method);
    const parsed = METHODS[method].params.safeParse(params);
    if (!parsed.success) throw invalidParams(parsed.error);
    if (method === "session.ping") return { result: { now: this.#now() } };
    if (method === "session.hello") {
      return { result: await this.#hello(connection, guest, parsed.data as Parsed<"session.hello">) };
    }
    const { session: id, verified } = this.#greeted(connection, guest);
    if (method === "session.renew") {
      return { result: await this.#renew(connection, guest, parsed.data as Parsed<"session.renew">) };
    }
    if (isChat(method)) {
      return await this.#parts.chat.call(connection, verified.caller, method, parsed.data, bytes);
    }
    if (isAi(method)) {
      return await this.#parts.ai.call(connection, verified.caller, method, parsed.data, bytes);
    }
    const session = this.#parts.node.ref(sessionActor, id, verified.caller);
    // Parsed by the schema of the same method just above.
    const result = await SESSION_METHODS[method](session, parsed.data as never, { bytes });
    const onSent = this.#cutovers.get(result);
    return onSent === undefined ? { result } : { result, onSent };
  }

  closed(connection: Connection): void {
    const guest = this.#guests.get(connection);
    this.#guests.delete(connection);
    const { node, users, chat, ai, tokens } = this.#parts;
    tokens.leave(connection);
    chat.closed(connection);
    ai.closed(connection);
    if (guest?.greeting.phase !== "greeted") return;
    const { verified, session } = guest.greeting;
    users.leave(verified.caller.user.id, connection);
    node.retire(sessionActor, session);
  }

  /** @throws {BarrageError} `read_only`, `overloaded`: while a switch is on. */
  #admit({ greeting }: Guest, method: Method): void {
    const verified = greeting.phase === "greeted"
      ? greeting.verified
      : greeting.phase === "greeting"
      ? greeting.cookie
      : undefined;
    if (verified !== undefined) this.#parts.border.admit(verified.caller, METHOD_CLASSES[method]);
  }

  #now(): number {
    return this.#parts.node.ports.clock.now();
  }

  async #hello(
    connection: Connection,
    guest: Guest,
    { token }: Parsed<"session.hello">,
  ): Promise<Result<"session.hello">> {
    const before = guest.greeting;
    if (before.phase !== "greeting") throw new BarrageError("conflict", "Hello was said already");
    guest.greeting = { phase: "verifying" };
    try {
      const introduced = await this.#introduced(before, token);
      this.#parts.border.admitSocket(introduced.caller);
      const { verified, session } = this.#greet(connection, guest, introduced);
      const { heartbeatMs } = connection.limits;
      return { user: verified.caller.user, session, heartbeatMs, expiresInMs: this.#left(verified) };
    } catch (error) {
      guest.greeting = before;
      throw error;
    }
  }

  /** @throws {BarrageError} `unauthenticated`. */
  async #introduced({ cookie }: Extract<Greeting, { phase: "greeting" }>, token?: string): Promise<Verified> {
    if (token !== undefined) return await this.#parts.verifier.verify(token);
    if (cookie === undefined) throw new BarrageError("unauthenticated", "The handshake had no good cookie");
    return cookie;
  }

  async #renew(
    connection: Connection,
    guest: Guest,
    { token }: Parsed<"session.renew">,
  ): Promise<Result<"session.renew">> {
    const verified = await this.#parts.verifier.verify(token);
    const { greeting } = guest;
    if (!connection.open || greeting.phase !== "greeted") {
      throw new BarrageError("gone", "The socket is closed");
    }
    if (!isSame(verified.caller, greeting.verified.caller)) {
      throw new BarrageError("unauthenticated", "The token is not of the session that this socket is for");
    }
    guest.greeting = { ...greeting, verified };
    this.#parts.tokens.enter(connection, verified);
    return { user: verified.caller.user, expiresInMs: this.#left(verified) };
  }

  #left({ expiresAt }: Verified): number {
    return Math.max(0, expiresAt - this.#now());
  }

  /** @throws {BarrageError} `unauthenticated` when nobody has been introduced. */
  #greeted(connection: Connection, guest: Guest): Greeted {
    const { greeting } = guest;
    if (greeting.phase === "greeted") return greeting;
    if (greeting.phase === "greeting" && greeting.cookie !== undefined) {
      return this.#greet(connection, guest, greeting.cookie);
    }
    throw new BarrageError("unauthenticated", "Call session.hello first");
  }

  #greet(connection: Connection, guest: Guest, verified: Verified): Greeted {
    if (!connection.open) throw new BarrageError("gone", "The socket is closed");
    const { node, hub, users, tokens } = this.#parts;
    const session = node.ports.ids.next();
    const greeting: Greeted = { phase: "greeted", verified, session };
    const socket: SocketSide = {
      enter: (room) => hub.enter(room, connection),
      online: (room, counted) => hub.online(room, counted),
      seated: (seat, joined) => this.#seated(connection, seat, joined),
      kick: () => connection.close("kicked"),
      ended: () => connection.close("session_lost"),
    };
    const facts = {
      /** As the newest token says. */
      get caller() {
        return guest.greeting.phase === "greeted" ? guest.greeting.verified.caller : verified.caller;
      },
      roomsMax: connection.limits.roomsPerConnection,
      socket,
    };
    node.spawn(sessionActor, session, sessionFactory(facts));
    guest.greeting = greeting;
    users.enter(verified.caller.user.id, connection);
    tokens.enter(connection, verified);
    return greeting;
  }

  #seated(connection: Connection, seat: Seat, joined: Result<"room.join">): void {
    if (!connection.open) return seat.leave();
    const { epoch, offset } = joined;
    this.#cutovers.set(joined, () => seat.begin({ epoch, offset }));
  }
}

function isChat(method: Method): method is ChatMethod {
  return Object.hasOwn(CHAT_METHODS, method);
}

function isAi(method: Method): method is AiMethod {
  return Object.hasOwn(AI_METHODS, method);
}
