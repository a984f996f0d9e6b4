import type { Bus } from "actors/bus/bus.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { Presence } from "protocol/chat_methods.ts";
import { type LastSeenDesk, toMinute } from "./last_seen_desk.ts";
import { type OnlookerStores, visibleTo } from "./onlookers.ts";
import { Whereabouts } from "./whereabouts.ts";

/** What the watched one allows may change: whoever goes on watching asks again. */
const WATCH_MS = 300_000;

/** A socket that wants to know who is online. */
export interface Watcher {
  readonly user: string;
  notify(method: string, params: Presence): void;
}

interface Watch {
  /** Until it is answered, what comes to light is in the answer. */
  answered: boolean;
  readonly users: Set<string>;
  /** Those of whom he may also know when they were there last. */
  readonly lastSeen: ReadonlySet<string>;
  cancel: () => void;
}

export interface PresenceDeskOptions {
  readonly nodeId: string;
  readonly life: string;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly drops: Drops;
  readonly stores: OnlookerStores;
  readonly lastSeen: Pick<LastSeenDesk, "saw" | "of">;
  readonly isHere: (user: string) => boolean;
}

/** Who is online, for the sockets of this node that ask. Whoever is not to be seen looks as if he were not there. */
export class PresenceDesk implements Disposable {
  readonly #options: PresenceDeskOptions;
  readonly #whereabouts: Whereabouts;
  readonly #watches = new Map<Watcher, Watch>();
  readonly #watchers = new Map<string, Set<Watcher>>();

  constructor(options: PresenceDeskOptions) {
    this.#options = options;
    const { nodeId, life, bus, clock, drops, isHere } = options;
    this.#whereabouts = new Whereabouts({
      ...{ nodeId, life, bus, clock, drops, isHere },
      onChange: (user, online) => this.#changed(user, online),
      onHidden: (user, from) => this.#hidden(user, from),
    });
  }

  get ready(): Promise<unknown> {
    return this.#whereabouts.ready;
  }

  /** Users whom somebody here watches. */
  get watched(): number {
    return this.#watchers.size;
  }

  /** The user's first socket of this node has come, or its last one has gone. */
  moved(user: string, here: boolean): void {
    this.#whereabouts.tell(user, here);
    this.#options.lastSeen.saw(user);
    if (!this.#whereabouts.isElsewhere(user)) this.#changed(user, here);
  }

  /** The socket is told of these from now on, and of nobody else any more. */
  async watch(watcher: Watcher, users: readonly string[]): Promise<Presence[]> {
    const { presence, lastSeen } = await visibleTo(watcher.user, users, this.#options.stores);
    const times = await this.#options.lastSeen.of([...lastSeen]);
    const unwatched = this.#forget(watcher);
    const watch = this.#remember(watcher, new Set(presence), lastSeen);
    await this.#whereabouts.follow([...presence]);
    watch.answered = true;
    this.#unfollow(unwatched);
    return users.map((user) => {
      // Whoever has been hidden since the question is not there either.
      const online = watch.users.has(user) && this.#whereabouts.isOnline(user);
      const at = online || !watch.users.has(user) ? undefined : times.get(user);
      return { user, online, ...(at === undefined ? {} : { lastSeenAt: at }) };
    });
  }

  leave(watcher: Watcher): void {
    this.#unfollow(this.#forget(watcher));
  }

  hide(user: string, from: string): void {
    this.#whereabouts.hide(user, from);
  }

  [Symbol.dispose](): void {
    for (const { cancel } of this.#watches.values()) cancel();
    this.#whereabouts[Symbol.dispose]();
  }

  #remember(watcher: Watcher, users: Set<string>, lastSeen: ReadonlySet<string>): Watch {
    const cancel = this.#options.clock.after(WATCH_MS, () => this.leave(watcher));
    const watch = { users, lastSeen, cancel, answered: false };
    this.#watches.set(watcher, watch);
    for (const user of users) {
      const watchers = this.#watchers.get(user);
      if (watchers === undefined) this.#watchers.set(user, new Set([watcher]));
      else watchers.add(watcher);
    }
    return watch;
  }

  /** @returns Whom nobody watches any more. */
  #forget(watcher: Watcher): string[] {
    const watch = this.#watches.get(watcher);
    if (watch === undefined) return [];
    watch.cancel();
    this.#watches.delete(watcher);
    return [...watch.users].filter((user) => this.#lose(user, watcher));
  }

  /** True when it was the last one. */
  #lose(user: string, watcher: Watcher): boolean {
    const watchers = this.#watchers.get(user);
    if (watchers?.delete(watcher) !== true || watchers.size > 0) return false;
    this.#watchers.delete(user);
    return true;
  }

  #unfollow(users: readonly string[]): void {
    for (const user of users) if (!this.#watchers.has(user)) this.#whereabouts.unfollow(user);
  }

  #changed(user: string, online: boolean): void {
    const { clock } = this.#options;
    for (const watcher of this.#watchers.get(user) ?? []) {
      const watch = this.#watches.get(watcher);
      if (watch?.answered !== true) continue;
      const shown = !online && watch.lastSeen.has(user) ? { lastSeenAt: toMinute(clock.now()) } : {};
      watcher.notify("chat.presence", { user, online, ...shown });
    }
  }

  #hidden(user: string, from: string): void {
    for (const watcher of [...this.#watchers.get(user) ?? []]) {
      if (watcher.user !== from) continue;
      if (this.#whereabouts.isOnline(user)) watcher.notify("chat.presence", { user, online: false });
      this.#watches.get(watcher)?.users.delete(user);
      if (this.#lose(user, watcher)) this.#whereabouts.unfollow(user);
    }
  }
}
