import { getLogger } from "@logtape/logtape";
import type { Bus, BusMessage, Subscription } from "actors/bus/bus.ts";
import type { Drops } from "actors/runtime/drops.ts";
import { ChatEvent, PassingEvent } from "./chat_event.ts";
import type { ChatSeat } from "./chat_seat.ts";
import { Place, type PlaceKeeper } from "./place.ts";

const log = getLogger(["barrage", "gateway"]);

/** Events that wait: for sockets that sync, and for word of who is a member still. */
const WAITING_MAX = 256;

export interface ChannelOptions {
  readonly conversation: string;
  readonly bus: Bus;
  readonly drops: Drops;
  /** Who of these is a member, and since which version nobody has come or gone. */
  readonly membersAmong: (
    conversation: string,
    users: readonly string[],
  ) => Promise<{ readonly version: number; readonly members: readonly string[] }>;
  readonly onEmpty: () => void;
}

/** The actor is asked who is a member; what came since waits, in order. */
interface Check {
  waiting: ChatEvent[];
}

/**
 * All sockets of one conversation on this node, behind one subscription.
 *
 * How a socket misses nothing: the subscription is ready before its sync asks, and from then on events are kept. The
 * sync's answer holds everything up to a version; when it is on the wire the kept events beyond that version follow
 * (cutover), and the socket is live. From there each event names the one before it: a socket that has not seen that one
 * is told to sync again and gets nothing until then. So the bus may lose what it likes.
 *
 * How nobody sees what was said after he was removed: an event names the version at which somebody came or went last.
 * The event by which that happened is for all who were there, and whoever has gone by it has seen no later one, as his
 * going is in the order of the others. Any event after it waits until the conversation has said who of our users is
 * still a member.
 */
export class Channel implements PlaceKeeper {
  readonly #options: ChannelOptions;
  readonly #subscription: Subscription;
  readonly #live = new Set<Place>();
  #joining = 0;
  #kept: ChatEvent[] = [];
  #epoch = 0;
  /** At that version, or later, everybody here was a member. */
  #checked = 0;
  #check: Check | undefined;

  constructor(options: ChannelOptions) {
    this.#options = options;
    const subject = `barrage.v1.evt.conversation.${options.conversation}.*`;
    this.#subscription = options.bus.subscribe(subject, (message) => this.#receive(message));
  }

  get conversation(): string {
    return this.#options.conversation;
  }

  async enter(seat: ChatSeat): Promise<Place> {
    const place = new Place(this, seat);
    this.#joining++;
    try {
      await this.#subscription.ready;
    } catch (error) {
      this.leave(place);
      throw error;
    }
    return place;
  }

  begin(place: Place, version: number): void {
    if (place.life.phase !== "joining") return;
    place.life = { phase: "live", version, checked: version };
    this.#checked = this.#live.size === 0 ? version : Math.min(this.#checked, version);
    this.#live.add(place);
    const kept = this.#kept;
    this.#doneJoining();
    // Those who were live before have what was kept, and pass it over by its version.
    if (this.#check === undefined) this.#takeAll(kept);
    else this.#check.waiting = inOrder(kept, this.#check.waiting);
  }

  leave(place: Place): void {
    const { phase } = place.life;
    if (phase === "left") return;
    place.life = { phase: "left" };
    if (phase === "joining") this.#doneJoining();
    this.#live.delete(place);
    if (this.#live.size > 0 || this.#joining > 0) return;
    this.#check = undefined;
    this.#subscription.unsubscribe();
    this.#options.onEmpty();
  }

  #receive(message: BusMessage): void {
    if (message.headers["version"] === undefined) return this.#pass(PassingEvent.of(message));
    const event = ChatEvent.of(message);
    if (event.change.epoch < this.#epoch) return this.#options.drops.count("chat", "old_epoch");
    this.#epoch = event.change.epoch;
    this.#take(event);
  }

  #pass(event: PassingEvent): void {
    if (this.#check !== undefined || event.members > this.#checked) {
      return this.#options.drops.count("chat", "passing");
    }
    for (const { seat } of this.#live) if (seat.user !== event.from) seat.send(event);
  }

  #takeAll(events: readonly ChatEvent[]): void {
    for (const event of events) this.#take(event);
  }

  #take(event: ChatEvent): void {
    if (this.#check !== undefined) return this.#wait(this.#check, event);
    const unchecked = this.#live.size > 0 && event.change.members > this.#checked;
    if (unchecked && !event.movesMembers) return this.#askMembers(event.change.members, [event]);
    this.#deliver(event);
    if (unchecked) this.#askMembers(event.change.members, []);
  }

  #wait({ waiting }: Check, event: ChatEvent): void {
    waiting.push(event);
    if (waiting.length <= WAITING_MAX) return;
    this.#options.drops.count("chat", "waiting_overflow");
    this.#allStale();
  }

  #deliver(event: ChatEvent): void {
    if (this.#joining > 0) this.#keep(event);
    for (const place of this.#live) if (!place.take(event)) this.#lost(place);
  }

  /** What does not fit is found missing when the socket goes live. */
  #keep(event: ChatEvent): void {
    this.#kept.push(event);
    if (this.#kept.length > WAITING_MAX) this.#kept.shift();
  }

  #lost({ seat }: Place): void {
    this.#options.drops.count("chat", "lost_on_bus");
    seat.stale(this.conversation);
  }

  #askMembers(version: number, waiting: ChatEvent[]): void {
    const check: Check = { waiting };
    this.#check = check;
    const asked = new Set([...this.#live].map(({ seat }) => seat.user));
    this.#options.membersAmong(this.conversation, [...asked]).then(
      (answer) => {
        if (this.#check !== check) return;
        this.#settle(asked, new Set(answer.members), Math.max(version, answer.version));
        this.#check = undefined;
        this.#takeAll(check.waiting);
      },
      (error) => {
        if (this.#check !== check) return;
        const { conversation } = this;
        log.warn("Cannot ask {conversation} for its members: {error}", { conversation, error });
        this.#allStale();
      },
    );
  }

  #settle(asked: ReadonlySet<string>, members: ReadonlySet<string>, version: number): void {
    this.#checked = version;
    for (const place of this.#live) {
      const { seat, life } = place;
      if (life.phase !== "live") continue;
      if (asked.has(seat.user) && !members.has(seat.user)) {
        seat.stale(this.conversation);
        continue;
      }
      // Who has come since the question has been checked by his own sync alone.
      if (asked.has(seat.user)) life.checked = Math.max(life.checked, version);
      this.#checked = Math.min(this.#checked, life.checked);
    }
  }

  #allStale(): void {
    this.#check = undefined;
    for (const { seat } of [...this.#live]) seat.stale(this.conversation);
  }

  #doneJoining(): void {
    this.#joining--;
    if (this.#joining === 0) this.#kept = [];
  }
}

function inOrder(one: readonly ChatEvent[], other: readonly ChatEvent[]): ChatEvent[] {
  return [...new Set([...one, ...other])].sort((a, b) => a.change.version - b.change.version);
}
