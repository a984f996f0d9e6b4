import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import type { Bus, BusMessage, Subscription } from "actors/bus/bus.ts";
import { AMONG_MAX, conversationActor } from "actors/conversation/definition.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { Ulid } from "protocol/ids.ts";
import { Channel } from "./channel.ts";
import { ChatSeat, type ChatViewer } from "./chat_seat.ts";
import type { Place } from "./place.ts";

const log = getLogger(["barrage", "gateway"]);

/** After the bus was gone every socket syncs; not all of them at once. */
const SPREAD_MS = 3_000;
const SLICES = 60;
/** A conversation that could not be asked is worth another try after this. */
const AGAIN_MS = 2_000;

const Rung = z.object({ conversation: Ulid, reminder: z.boolean().default(false) });
const decoder = new TextDecoder();

export interface ChatHubOptions {
  readonly node: ActorNode;
  readonly bus: Bus;
  readonly clock: Clock;
  /** The first socket of a user begins to chat here, or the last one has left. */
  readonly onPresence: (user: string, here: boolean) => void;
}

/** The sockets of this node that chat, by user and by conversation. */
export class ChatHub implements Disposable {
  readonly #options: ChatHubOptions;
  readonly #channels = new Map<string, Channel>();
  readonly #seats = new Map<string, Set<ChatSeat>>();
  readonly #doorbells: Subscription;
  readonly #unwatch: () => void;
  readonly #timers = new Set<() => void>();

  constructor(options: ChatHubOptions) {
    this.#options = options;
    const { bus } = options;
    this.#doorbells = bus.subscribe("barrage.v1.evt.user.*.conversation", (rung) => this.#ring(rung));
    this.#unwatch = bus.watch((state) => {
      if (state === "connected") this.#everythingStale();
    });
  }

  /** Resolves when it hears of every conversation that begins to concern somebody from now on. */
  get ready(): Promise<void> {
    return this.#doorbells.ready;
  }

  get sockets(): number {
    let sum = 0;
    for (const seats of this.#seats.values()) sum += seats.size;
    return sum;
  }

  get conversations(): number {
    return this.#channels.size;
  }

  get users(): Iterable<string> {
    return this.#seats.keys();
  }

  has(user: string): boolean {
    return this.#seats.has(user);
  }

  open(user: string, viewer: ChatViewer): ChatSeat {
    const seat = new ChatSeat(user, viewer, (left) => this.#left(left));
    const mine = this.#seats.get(user);
    if (mine !== undefined) {
      mine.add(seat);
    } else {
      this.#seats.set(user, new Set([seat]));
      this.#options.onPresence(user, true);
    }
    return seat;
  }

  /** The seat's place in the conversation; resolves when it misses nothing that is published from now on. */
  async enter(conversation: string, seat: ChatSeat): Promise<Place> {
    const place = await this.#channel(conversation).enter(seat);
    if (seat.left) place.leave();
    else seat.put(conversation, place);
    return place;
  }

  /** For a conversation that did not answer: its socket shall ask again in a while. */
  staleLater(conversation: string, seat: ChatSeat): void {
    this.#after(AGAIN_MS, () => seat.stale(conversation));
  }

  [Symbol.dispose](): void {
    this.#doorbells.unsubscribe();
    this.#unwatch();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  #channel(conversation: string): Channel {
    let channel = this.#channels.get(conversation);
    if (channel === undefined) {
      const { bus, node } = this.#options;
      channel = new Channel({
        ...{ conversation, bus, drops: node.drops },
        membersAmong: (id, users) => this.#membersAmong(id, users),
        onEmpty: () => this.#channels.delete(conversation),
      });
      this.#channels.set(conversation, channel);
    }
    return channel;
  }

  async #membersAmong(conversation: string, users: readonly string[]) {
    const ref = this.#options.node.ref(conversationActor, conversation);
    const asked = [];
    for (let start = 0; start < users.length; start += AMONG_MAX) {
      asked.push(ref.membersAmong({ users: users.slice(start, start + AMONG_MAX) }));
    }
    const answers = await Promise.all(asked);
    return {
      version: Math.min(...answers.map(({ version }) => version)),
      members: answers.flatMap(({ members }) => members),
    };
  }

  #left(seat: ChatSeat): void {
    const mine = this.#seats.get(seat.user);
    if (mine?.delete(seat) !== true || mine.size > 0) return;
    this.#seats.delete(seat.user);
    this.#options.onPresence(seat.user, false);
  }

  #ring({ subject, data }: BusMessage): void {
    const mine = this.#seats.get(subject.split(".")[4] ?? "");
    if (mine === undefined) return;
    try {
      const { conversation, reminder } = Rung.parse(JSON.parse(decoder.decode(data)));
      for (const seat of mine) {
        if (!reminder || seat.place(conversation) === undefined) seat.stale(conversation);
      }
    } catch (error) {
      this.#options.node.drops.count("chat", "parse");
      log.warn("Cannot read which conversation concerns somebody: {error}", { error });
    }
  }

  #everythingStale(): void {
    const seats = [...this.#seats.values()].flatMap((mine) => [...mine]);
    for (let slice = 0; slice < SLICES; slice++) {
      const some = seats.filter((_, n) => n % SLICES === slice);
      if (some.length === 0) return;
      this.#after(SPREAD_MS * slice / SLICES, () => {
        for (const seat of some) seat.allStale();
      });
    }
  }

  #after(ms: number, run: () => void): void {
    const cancel = this.#options.clock.after(ms, () => {
      this.#timers.delete(cancel);
      run();
    });
    this.#timers.add(cancel);
  }
}
