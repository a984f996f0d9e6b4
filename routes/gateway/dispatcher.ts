import { getLogger } from "@logtape/logtape";
import { BarrageError } from "protocol/errors.ts";
import { invalidParams } from "protocol/issues.ts";
import { type Method, METHODS, type Parsed, type Result } from "protocol/methods.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { CallOptions } from "actors/runtime/call.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { sessionActor, type SessionVerbs } from "actors/session/definition.ts";
import { type Seat, sessionFactory, type SocketSide } from "actors/session/session.ts";
import type { TokenVerifier } from "../tokens.ts";
import type { Answer, Connection, Dispatcher } from "./connection.ts";
import type { Hub } from "./hub.ts";
import type { UserDesk } from "./user_desk.ts";

const log = getLogger(["barrage", "gateway"]);

type Greeting =
  | { readonly phase: "greeting" }
  | { readonly phase: "verifying" }
  | { readonly phase: "greeted"; readonly caller: Caller & { kind: "user" }; readonly session: string };

interface Guest {
  greeting: Greeting;
}

type SessionMethods = {
  readonly [M in Exclude<Method, "session.hello" | "session.ping">]: (
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
};

/** Turns calls into commands to the session's actor, and keeps the session and its socket together. */
export class GatewayDispatcher implements Dispatcher {
  readonly #node: ActorNode;
  readonly #hub: Hub;
  readonly #users: UserDesk;
  readonly #tokens: TokenVerifier;
  readonly #guests = new Map<Connection, Guest>();
  /** Seats whose answer is not on the wire yet, by the very answer they wait for. */
  readonly #cutovers = new WeakMap<object, () => void>();

  constructor(node: ActorNode, hub: Hub, users: UserDesk, tokens: TokenVerifier) {
    this.#node = node;
    this.#hub = hub;
    this.#users = users;
    this.#tokens = tokens;
  }

  get connections(): Iterable<Connection> {
    return this.#guests.keys();
  }

  get size(): number {
    return this.#guests.size;
  }

  /** `caller` is known already when the handshake carried a token. */
  opened(connection: Connection, caller: (Caller & { kind: "user" }) | undefined): void {
    const guest: Guest = { greeting: { phase: "greeting" } };
    this.#guests.set(connection, guest);
    if (caller === undefined) return;
    try {
      this.#greet(connection, guest, caller);
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
    const parsed = METHODS[method].params.safeParse(params);
    if (!parsed.success) throw invalidParams(parsed.error);
    if (method === "session.ping") return { result: { now: this.#node.ports.clock.now() } };
    if (method === "session.hello") {
      return { result: await this.#hello(connection, guest, parsed.data as Parsed<"session.hello">) };
    }
    const { greeting } = guest;
    if (greeting.phase !== "greeted") throw new BarrageError("unauthenticated", "Call session.hello first");
    const session = this.#node.ref(sessionActor, greeting.session, greeting.caller);
    // Parsed by the schema of the same method just above.
    const result = await SESSION_METHODS[method](session, parsed.data as never, { bytes });
    const onSent = this.#cutovers.get(result);
    return onSent === undefined ? { result } : { result, onSent };
  }

  closed(connection: Connection): void {
    const guest = this.#guests.get(connection);
    this.#guests.delete(connection);
    if (guest?.greeting.phase !== "greeted") return;
    const { caller, session } = guest.greeting;
    this.#users.leave(caller.user.id, connection);
    this.#node.retire(sessionActor, session);
  }

  async #hello(
    connection: Connection,
    guest: Guest,
    { token }: Parsed<"session.hello">,
  ): Promise<Result<"session.hello">> {
    if (guest.greeting.phase !== "greeting") throw new BarrageError("conflict", "Hello was said already");
    guest.greeting = { phase: "verifying" };
    try {
      return this.#greet(connection, guest, await this.#tokens.verify(token));
    } catch (error) {
      guest.greeting = { phase: "greeting" };
      throw error;
    }
  }

  #greet(connection: Connection, guest: Guest, caller: Caller & { kind: "user" }): Result<"session.hello"> {
    if (!connection.open) throw new BarrageError("gone", "The socket is closed");
    const session = this.#node.ports.ids.next();
    const { roomsPerConnection: roomsMax, heartbeatMs } = connection.limits;
    const socket: SocketSide = {
      enter: (room) => this.#hub.enter(room, connection),
      online: (room, counted) => this.#hub.online(room, counted),
      seated: (seat, joined) => this.#seated(connection, seat, joined),
      kick: () => connection.close("kicked"),
      ended: () => connection.close("session_lost"),
    };
    this.#node.spawn(sessionActor, session, sessionFactory({ caller, roomsMax, socket }));
    this.#users.enter(caller.user.id, connection);
    guest.greeting = { phase: "greeted", caller, session };
    return { user: caller.user, session, heartbeatMs };
  }

  #seated(connection: Connection, seat: Seat, joined: Result<"room.join">): void {
    if (!connection.open) return seat.leave();
    const { epoch, offset } = joined;
    this.#cutovers.set(joined, () => seat.begin({ epoch, offset }));
  }
}
