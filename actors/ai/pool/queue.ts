import type { Band } from "protocol/ai.ts";
import type { Ticket } from "./definition.ts";

const BANDS: readonly Band[] = ["high", "normal", "low", "probe"];

/** Somebody who waits. */
export interface Waiting {
  ticket: Ticket;
  /** Monotonic. */
  readonly since: number;
  /** The place that was last told. */
  told?: number;
}

/** Those of one user in one band, oldest first, and the users before and behind him in the round. */
interface Flow {
  readonly user: string;
  readonly waiting: Waiting[];
  before: Flow | undefined;
  behind: Flow | undefined;
}

/** One band: its users take turns. */
class Round {
  size = 0;
  readonly #flows = new Map<string, Flow>();
  /** By k - 1: how many users have at least k waiting. */
  readonly #atLeast: number[] = [];
  #first: Flow | undefined;
  #last: Flow | undefined;

  add(waiting: Waiting, again: boolean): void {
    const { user, answer } = waiting.ticket;
    let flow = this.#flows.get(user);
    if (flow === undefined) {
      flow = { user, waiting: [], before: undefined, behind: undefined };
      this.#flows.set(user, flow);
      this.#append(flow);
    }
    if (again) {
      flow.waiting.unshift(waiting);
      this.#unlink(flow);
      this.#prepend(flow);
    } else {
      let index = flow.waiting.length;
      while (index > 0 && flow.waiting[index - 1]!.ticket.answer > answer) index--;
      flow.waiting.splice(index, 0, waiting);
    }
    this.#count(flow.waiting.length, 1);
  }

  remove({ ticket: { user, answer } }: Waiting): void {
    const flow = this.#flows.get(user);
    const index = flow?.waiting.findIndex(({ ticket }) => ticket.answer === answer) ?? -1;
    if (flow !== undefined && index >= 0) this.#take(flow, index);
  }

  /** Takes out the first one for whom there is something; whoever stands before him keeps his place. */
  next<T>(fits: (ticket: Ticket) => T | undefined): { waiting: Waiting; found: T } | "nothing" | undefined {
    for (let flow = this.#first; flow !== undefined; flow = flow.behind) {
      for (const [index, waiting] of flow.waiting.entries()) {
        const { ticket } = waiting;
        const found = fits(ticket);
        if (found === undefined) {
          // What is not there for somebody who takes anything is there for nobody.
          if (ticket.exclude.length === 0 && ticket.sticky === undefined) return "nothing";
          continue;
        }
        this.#take(flow, index);
        if (flow.waiting.length > 0) {
          this.#unlink(flow);
          this.#append(flow);
        }
        return { waiting, found };
      }
    }
    return undefined;
  }

  /** In the order in which they would be served if slots came free one after the other. */
  *inOrder(): Iterable<Waiting> {
    let flows: Flow[] = [];
    for (let flow = this.#first; flow !== undefined; flow = flow.behind) flows.push(flow);
    for (let turn = 0; flows.length > 0; turn++) {
      for (const { waiting } of flows) yield waiting[turn]!;
      flows = flows.filter(({ waiting }) => waiting.length > turn + 1);
    }
  }

  /** 1 is next; may be too high by users who are behind in the round and have as many waiting. */
  placeOf({ ticket: { user, answer } }: Waiting): number {
    const flow = this.#flows.get(user)!;
    const { waiting } = flow;
    const turn = waiting.findIndex(({ ticket }) => ticket.answer === answer);
    if (turn === 0 && flow === this.#first) return 1;
    let place = 0;
    for (let k = 0; k <= turn; k++) place += this.#atLeast[k] ?? 0;
    return place;
  }

  #take(flow: Flow, index: number): void {
    this.#count(flow.waiting.length, -1);
    flow.waiting.splice(index, 1);
    if (flow.waiting.length > 0) return;
    this.#unlink(flow);
    this.#flows.delete(flow.user);
  }

  #count(length: number, by: 1 | -1): void {
    this.size += by;
    this.#atLeast[length - 1] = (this.#atLeast[length - 1] ?? 0) + by;
  }

  #append(flow: Flow): void {
    flow.before = this.#last;
    if (this.#last === undefined) this.#first = flow;
    else this.#last.behind = flow;
    this.#last = flow;
  }

  #prepend(flow: Flow): void {
    flow.behind = this.#first;
    if (this.#first === undefined) this.#last = flow;
    else this.#first.before = flow;
    this.#first = flow;
  }

  #unlink(flow: Flow): void {
    if (flow.before === undefined) this.#first = flow.behind;
    else flow.before.behind = flow.behind;
    if (flow.behind === undefined) this.#last = flow.before;
    else flow.behind.before = flow.before;
    flow.before = flow.behind = undefined;
  }
}

/**
 * Who waits. Higher bands first; in a band the users take turns, and of one user the oldest answer goes first. Somebody
 * who cannot use what is free is passed over without losing his place.
 */
export class Queue {
  readonly #rounds = new Map(BANDS.map((band) => [band, new Round()]));
  readonly #all = new Map<string, Waiting>();
  readonly #perUser = new Map<string, number>();

  get size(): number {
    return this.#all.size;
  }

  get(answer: string): Waiting | undefined {
    return this.#all.get(answer);
  }

  /** How many of this user wait. */
  of(user: string): number {
    return this.#perUser.get(user) ?? 0;
  }

  users(): Iterable<string> {
    return this.#perUser.keys();
  }

  /** @param again Was served before, in vain: he is next of his user, and his user is next. */
  add(waiting: Waiting, again: boolean): void {
    const { answer, user, band } = waiting.ticket;
    this.#all.set(answer, waiting);
    this.#perUser.set(user, this.of(user) + 1);
    this.#round(band).add(waiting, again);
  }

  remove(answer: string): Waiting | undefined {
    const waiting = this.#all.get(answer);
    if (waiting === undefined) return undefined;
    this.#round(waiting.ticket.band).remove(waiting);
    this.#forget(waiting);
    return waiting;
  }

  /** Takes out the first one for whom `fits` finds something. */
  next<T>(fits: (ticket: Ticket) => T | undefined): { waiting: Waiting; found: T } | undefined {
    for (const round of this.#rounds.values()) {
      const next = round.next(fits);
      if (next === "nothing") return undefined;
      if (next === undefined) continue;
      this.#forget(next.waiting);
      return next;
    }
    return undefined;
  }

  *inOrder(): Iterable<Waiting> {
    for (const round of this.#rounds.values()) yield* round.inOrder();
  }

  placeOf(waiting: Waiting): number {
    const { band } = waiting.ticket;
    let ahead = 0;
    for (const higher of BANDS.slice(0, BANDS.indexOf(band))) ahead += this.#round(higher).size;
    return ahead + this.#round(band).placeOf(waiting);
  }

  #round(band: Band): Round {
    return this.#rounds.get(band)!;
  }

  #forget({ ticket: { answer, user } }: Waiting): void {
    this.#all.delete(answer);
    const left = this.of(user) - 1;
    if (left > 0) this.#perUser.set(user, left);
    else this.#perUser.delete(user);
  }
}
