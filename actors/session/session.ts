import { BarrageError } from "protocol/errors.ts";
import type { Parsed, Result } from "protocol/methods.ts";
import type { Position } from "protocol/rooms.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { type Behaviour, type Factory, Later, type Self, type Turn } from "actors/runtime/behaviour.ts";
import { roomActor } from "actors/room/definition.ts";
import type { SessionVerb, SessionVerbs } from "./definition.ts";
import { authorize } from "./permissions.ts";

/** A place among a room's viewers on this node. It receives nothing before the gateway has sent the answer to `join`. */
export interface Seat {
  /** The cutover: the answer with this position is on the wire, what was kept beyond it may follow. */
  begin(position: Position): void;
  pause(): void;
  unpause(): void;
  leave(): void;
}

/** What the session knows of its socket. */
export interface SocketSide {
  /** Takes a place; resolves when every frame published from now on will be seen by it. */
  enter(room: string): Promise<Seat>;
  /** The room's count with this node's own viewers brought up to date, the newcomer among them. */
  online(room: string, counted: number): number;
  /** The room has answered `joined`; the seat begins when that answer is on the wire. */
  seated(seat: Seat, joined: Result<"room.join">): void;
  kick(): void;
  /** The session is over; a socket that is still open must say hello anew. */
  ended(): void;
}

export interface SessionFacts {
  readonly caller: Caller;
  readonly roomsMax: number;
  readonly socket: SocketSide;
}

export function sessionFactory(facts: SessionFacts): Factory<SessionVerbs> {
  return (self) => new Session(self, facts);
}

type Nothing = Record<string, never>;

/** Who the socket is and where it sits. Its mailbox keeps the calls of one socket in their order. */
class Session implements Behaviour<SessionVerbs> {
  readonly #self: Self;
  readonly #facts: SessionFacts;
  #seats: Map<string, Seat> | undefined;

  constructor(self: Self, facts: SessionFacts) {
    this.#self = self;
    this.#facts = facts;
  }

  onEnd(): void {
    for (const seat of this.#seats?.values() ?? []) seat.leave();
    this.#seats = undefined;
    this.#facts.socket.ended();
  }

  async join({ room, resume }: Parsed<"room.join">, turn: Turn): Promise<Result<"room.join">> {
    this.#authorize("join", turn);
    const { caller, roomsMax, socket } = this.#facts;
    const seats = this.#seats ??= new Map();
    seats.get(room)?.leave();
    seats.delete(room);
    if (seats.size >= roomsMax) {
      throw new BarrageError("conflict", `A socket may be in ${roomsMax} rooms at once`);
    }
    const seat = await socket.enter(room);
    try {
      const answer = await turn.ref(roomActor, room, caller).join(resume === undefined ? {} : { resume });
      const joined = { ...answer, online: socket.online(room, answer.online) };
      seats.set(room, seat);
      socket.seated(seat, joined);
      return joined;
    } catch (error) {
      seat.leave();
      throw error;
    }
  }

  leave({ room }: Parsed<"room.leave">, turn: Turn): Nothing {
    this.#authorize("leave", turn);
    this.#seat(room).leave();
    this.#seats?.delete(room);
    return {};
  }

  pause({ room }: Parsed<"room.pause">, turn: Turn): Nothing {
    this.#authorize("pause", turn);
    this.#seat(room).pause();
    return {};
  }

  unpause({ room }: Parsed<"room.unpause">, turn: Turn): Nothing {
    this.#authorize("unpause", turn);
    this.#seat(room).unpause();
    return {};
  }

  /** Answered when the room has stored it; the socket's next calls need not wait for that. */
  say(input: Parsed<"room.say">, turn: Turn): Later<Result<"room.say">> {
    this.#authorize("say", turn);
    const { room, id = this.#self.ids.next(), ...said } = input;
    this.#seat(room);
    // Between nodes a command may be sent again; with an id it is said once.
    return new Later(this.#self.ref(roomActor, room, this.#facts.caller).say({ id, ...said }));
  }

  /** Of a room the socket need not be in. */
  mute({ room, ...mute }: Parsed<"room.mute">, turn: Turn): Later<Result<"room.mute">> {
    this.#authorize("mute", turn);
    return new Later(this.#self.ref(roomActor, room, this.#facts.caller).mute(mute));
  }

  unmute({ room, user }: Parsed<"room.unmute">, turn: Turn): Later<Result<"room.unmute">> {
    this.#authorize("unmute", turn);
    return new Later(this.#self.ref(roomActor, room, this.#facts.caller).unmute({ user }));
  }

  kick(_input: unknown, turn: Turn): Nothing {
    this.#authorize("kick", turn);
    this.#facts.socket.kick();
    return {};
  }

  #authorize(verb: SessionVerb, { caller }: Turn): void {
    authorize(verb, caller, this.#facts.caller);
  }

  #seat(room: string): Seat {
    const seat = this.#seats?.get(room);
    if (seat === undefined) throw new BarrageError("conflict", "Join the room first");
    return seat;
  }
}
