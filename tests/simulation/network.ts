import type { Headers } from "actors/bus/bus.ts";
import { SubjectTree } from "actors/bus/subjects.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

export interface Letter {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: Headers;
  readonly asker?: {
    answer(data: Uint8Array, headers: Headers): void;
    nobody(): void;
  };
}

export interface NetworkWeather {
  /** Milliseconds of one hop, at most. */
  readonly delayMs: number;
  /** One hop in so many takes far longer, and whatever comes behind it on the same wire waits. */
  readonly stallChance: number;
  readonly stallMs: number;
  /** Letters lost on the way to a subscriber. */
  readonly loss: number;
  /** For so long after a flushed subscribe other servers of the broker may not know of it. */
  readonly gossipMs: number;
}

/** How likely a sender's server does not know of a young subscription yet: measured on a cluster of three. */
const UNKNOWN_CHANCE = 0.25;

/** Who listens, as the broker knows it. */
export interface Listener {
  readonly pattern: string;
  readonly queue: string | undefined;
}

interface Place {
  readonly subscription: Listener;
  readonly wire: Wire;
  readonly knownAt: number;
  readonly send: (letter: Letter) => void;
}

/**
 * The simulated broker. As a real one: at most once, in order per publisher, different publishers in any order, 503 when
 * nobody is known to listen, and young subscriptions that not everybody knows of.
 */
export class Network {
  readonly #random: Random;
  readonly #places = new SubjectTree<Place>();
  readonly #placeOf = new Map<Listener, Place>();
  readonly counts = { routed: 0, lost: 0, nobody: 0 };

  constructor(readonly timeline: Timeline, random: Random, public weather: NetworkWeather) {
    this.#random = random;
  }

  plug(): Wire {
    return new Wire(this.timeline, () => this.#delay());
  }

  unplug(wire: Wire): void {
    wire.cut();
    for (const place of [...this.#placeOf.values()]) {
      if (place.wire === wire) this.#remove(place);
    }
  }

  enter(subscription: Listener, wire: Wire, send: (letter: Letter) => void): void {
    const knownAt = this.timeline.now + this.#random.between(0, this.weather.gossipMs);
    const place = { subscription, wire, knownAt, send };
    this.#placeOf.set(subscription, place);
    this.#places.add(subscription.pattern, place);
  }

  leave(subscription: Listener, wire: Wire): void {
    const place = this.#placeOf.get(subscription);
    if (place?.wire === wire) this.#remove(place);
  }

  route(letter: Letter, from: Wire): void {
    const groups = new Map<string, Place[]>();
    let reached = false;
    for (const place of this.#places.match(letter.subject)) {
      if (!this.#knows(from, place)) continue;
      reached = true;
      const { pattern, queue } = place.subscription;
      if (queue === undefined) {
        this.#send(place, letter);
        continue;
      }
      const name = `${pattern} ${queue}`;
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [place]);
      else group.push(place);
    }
    for (const group of groups.values()) this.#send(this.#random.pick(group), letter);
    if (!reached && letter.asker !== undefined) {
      this.counts.nobody++;
      letter.asker.nobody();
    }
  }

  #knows(from: Wire, { wire, knownAt }: Place): boolean {
    if (wire === from || this.timeline.now >= knownAt) return true;
    return !this.#random.chance(UNKNOWN_CHANCE);
  }

  #send(place: Place, letter: Letter): void {
    if (this.#random.chance(this.weather.loss)) {
      this.counts.lost++;
      return;
    }
    this.counts.routed++;
    place.send(letter);
  }

  #remove(place: Place): void {
    this.#placeOf.delete(place.subscription);
    this.#places.delete(place.subscription.pattern, place);
  }

  #delay(): number {
    const { delayMs, stallChance, stallMs } = this.weather;
    if (this.#random.chance(stallChance)) return this.#random.between(0, stallMs);
    return this.#random.between(0.05, delayMs);
  }
}

/** A connection to the broker: both directions keep their order; once cut, nothing that is on it arrives. */
export class Wire {
  readonly #timeline: Timeline;
  readonly #delay: () => number;
  #outward = 0;
  #inward = 0;
  #connected = true;

  constructor(timeline: Timeline, delay: () => number) {
    this.#timeline = timeline;
    this.#delay = delay;
  }

  get connected(): boolean {
    return this.#connected;
  }

  toBroker(arrive: () => void): void {
    this.#outward = this.#carry(this.#outward, arrive);
  }

  fromBroker(arrive: () => void): void {
    this.#inward = this.#carry(this.#inward, arrive);
  }

  cut(): void {
    this.#connected = false;
  }

  #carry(last: number, arrive: () => void): number {
    if (!this.#connected) return last;
    const at = Math.max(last, this.#timeline.now + this.#delay());
    this.#timeline.after(at - this.#timeline.now, () => {
      if (this.#connected) arrive();
    });
    return at;
  }
}
