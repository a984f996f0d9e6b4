import type { Bus } from "actors/bus/bus.ts";
import { directId } from "actors/conversation/conversation_ids.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { Presence } from "protocol/chat_methods.ts";
import type { AccountStore } from "storage/account_storage.ts";
import type { MembershipStore } from "storage/conversation_storage.ts";
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
  users: ReadonlySet<string>;
  cancel: () => void;
}

export interface PresenceDeskOptions {
  readonly nodeId: string;
  readonly life: string;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly drops: Drops;
  readonly accounts: Pick<AccountStore, "read">;
  readonly memberships: Pick<MembershipStore, "blocked">;
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
    if (!this.#whereabouts.isElsewhere(user)) this.#changed(user, here);
  }

  /** The socket is told of these from now on, and of nobody else any more. */
  async watch(watcher: Watcher, users: readonly string[]): Promise<Presence[]> {
    const seen = await this.#seenBy(watcher.user, users);
    const unwatched = this.#forget(watcher);
    const watch = this.#remember(watcher, seen);
    await this.#whereabouts.follow([...seen]);
    watch.answered = true;
    this.#unfollow(unwatched);
    return users.map((user) => ({ user, online: seen.has(user) && this.#whereabouts.isOnline(user) }));
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

  #remember(watcher: Watcher, users: ReadonlySet<string>): Watch {
    const cancel = this.#options.clock.after(WATCH_MS, () => this.leave(watcher));
    const watch = { users, cancel, answered: false };
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
    for (const watcher of this.#watchers.get(user) ?? []) {
      if (this.#watches.get(watcher)?.answered) watcher.notify("chat.presence", { user, online });
    }
  }

  #hidden(user: string, from: string): void {
    for (const watcher of [...this.#watchers.get(user) ?? []]) {
      if (watcher.user !== from) continue;
      if (this.#whereabouts.isOnline(user)) watcher.notify("chat.presence", { user, online: false });
      if (this.#lose(user, watcher)) this.#whereabouts.unfollow(user);
    }
  }

  async #seenBy(asker: string, users: readonly string[]): Promise<ReadonlySet<string>> {
    const { accounts, memberships } = this.#options;
    const direct = new Map(users.map((user) => [directId(asker, user), user]));
    const [blocks, records] = await Promise.all([
      memberships.blocked([...direct.keys()]),
      Promise.all([...new Set(users)].map((user) => accounts.read(user))),
    ]);
    const seen = new Set<string>();
    for (const record of records) {
      // Whoever asks here is a member, so only "nobody" leaves him out.
      if (record?.state === "active" && record.privacy.presence !== "nobody") seen.add(record.id);
    }
    for (const { conversation, by } of blocks) if (direct.get(conversation) === by) seen.delete(by);
    return seen;
  }
}
