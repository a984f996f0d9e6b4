import { BarrageError } from "protocol/errors.ts";
import type { Parsed, Result } from "protocol/methods.ts";
import type { Position } from "protocol/rooms.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { type Behaviour, type Factory, Later, type Self, type Turn } from "actors/runtime/behaviour.ts";
import { roomActor } from "actors/room/definition.ts";
import type { SessionVerbs } from "./definition.ts";

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

  leave({ room }: Parsed<"room.leave">): Nothing {
    this.#seat(room).leave();
    this.#seats?.delete(room);
    return {};
  }

  pause({ room }: Parsed<"room.pause">): Nothing {
    this.#seat(room).pause();
    return {};
  }

  unpause({ room }: Parsed<"room.unpause">): Nothing {
    this.#seat(room).unpause();
    return {};
  }

  /** Answered when the room has stored it; the socket's next calls need not wait for that. */
  say({ room, id = this.#self.ids.next(), ...said }: Parsed<"room.say">): Later<Result<"room.say">> {
    this.#seat(room);
    // Between nodes a command may be sent again; with an id it is said once.
    return new Later(this.#self.ref(roomActor, room, this.#facts.caller).say({ id, ...said }));
  }

  kick(_input: unknown, turn: Turn): Nothing {
    if (turn.caller.kind !== "operator" && turn.caller.kind !== "system") throw new BarrageError("forbidden");
    this.#facts.socket.kick();
    return {};
  }

  #seat(room: string): Seat {
    const seat = this.#seats?.get(room);
    if (seat === undefined) throw new BarrageError("conflict", "Join the room first");
    return seat;
  }
}
