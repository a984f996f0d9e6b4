import { setImmediate } from "node:timers";
import { type Exchange, MemoryBus } from "./memory_bus.ts";
import type { Envelope } from "./memory_envelope.ts";
import type { Member } from "./memory_subscription.ts";
import { type Defer, Pipe, type PipeLimits } from "./pipe.ts";
import { SubjectTree } from "./subjects.ts";

export { MemoryBus };

export interface MemoryBrokerOptions {
  /** Receives what a subscriber's or watcher's callback throws. */
  readonly onError: (error: unknown) => void;
  /** How delivery is put off; a simulation puts its own scheduler here. @default setImmediate */
  readonly defer?: Defer;
  /** What may wait in each direction of one connection. @default 65,536 messages and 64 MiB */
  readonly limits?: PipeLimits;
}

interface QueueGroup {
  readonly members: Member[];
  next: number;
}

type Listener = Member | QueueGroup;

/** What connects the buses of several nodes in one process. It has the weak sides of a network on purpose. */
export class MemoryBroker implements Exchange {
  readonly #defer: Defer;
  readonly #limits: PipeLimits;
  readonly #onError: (error: unknown) => void;
  readonly #listeners = new SubjectTree<Listener>();
  readonly #groups = new Map<string, QueueGroup>();

  constructor(options: MemoryBrokerOptions) {
    this.#onError = options.onError;
    this.#defer = options.defer ?? setImmediate;
    this.#limits = options.limits ?? { messages: 65_536, bytes: 64 * 1_048_576 };
  }

  connect(): MemoryBus {
    const outward = new Pipe(this.#defer, this.#limits, this.#onError);
    const inward = new Pipe(this.#defer, this.#limits, this.#onError);
    return new MemoryBus(this, outward, inward, this.#onError);
  }

  enter(member: Member): void {
    if (member.queue === undefined) {
      this.#listeners.add(member.pattern, member);
      return;
    }
    const name = `${member.pattern} ${member.queue}`;
    const group = this.#groups.get(name) ?? { members: [], next: 0 };
    if (group.members.length === 0) {
      this.#groups.set(name, group);
      this.#listeners.add(member.pattern, group);
    }
    group.members.push(member);
  }

  leave(member: Member): void {
    if (member.queue === undefined) {
      this.#listeners.delete(member.pattern, member);
      return;
    }
    const name = `${member.pattern} ${member.queue}`;
    const group = this.#groups.get(name);
    const index = group?.members.indexOf(member) ?? -1;
    if (group === undefined || index === -1) return;
    group.members.splice(index, 1);
    if (group.members.length === 0) {
      this.#groups.delete(name);
      this.#listeners.delete(member.pattern, group);
    }
  }

  route(envelope: Envelope): void {
    const listeners = this.#listeners.match(envelope.subject);
    if (listeners.length === 0) envelope.asker?.nobody();
    for (const [index, listener] of listeners.entries()) {
      // Each receiver owns its bytes, as it would behind a socket; the first takes the publisher's copy.
      const data = index === 0 ? envelope.data : new Uint8Array(envelope.data);
      const member = "members" in listener
        ? listener.members[listener.next++ % listener.members.length]
        : listener;
      member?.accept(envelope, data);
    }
  }
}
