import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import type { Bus, BusMessage, Subscription } from "actors/bus/bus.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { Drops } from "actors/runtime/drops.ts";
import { Ulid } from "protocol/ids.ts";

const log = getLogger(["barrage", "presence"]);

const BEAT_MS = 5_000;
/** A node that has been silent for so long serves nobody. */
const SILENT_MS = 3 * BEAT_MS;
/** Who asks where somebody is waits for the answers of all nodes, and no longer than this. */
const ANSWER_MS = 200;
const ASKED_MAX = 1_000;

const Asked = z.object({ question: z.int(), users: z.array(Ulid).max(ASKED_MAX) });
const Answered = z.object({ question: z.int(), node: z.string(), users: z.array(Ulid).max(ASKED_MAX) });

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface WhereaboutsOptions {
  readonly nodeId: string;
  /** Of this run of the node: one that has been started anew serves nobody whom it served before. */
  readonly life: string;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly drops: Drops;
  readonly isHere: (user: string) => boolean;
  readonly onChange: (user: string, online: boolean) => void;
  /** Somebody does not want to be seen by this one any more. */
  readonly onHidden: (user: string, from: string) => void;
}

interface Followed {
  readonly subscription: Subscription;
  /** Ids of the nodes where the user is. */
  readonly nodes: Set<string>;
}

interface Question {
  readonly awaited: Set<string>;
  readonly answered: () => void;
}

/**
 * At which nodes users are, for those whom somebody here watches. A node tells when a user's first socket comes and when
 * the last one has gone (`barrage.v1.evt.presence.<user>.here` and `.gone`), and answers when another one asks for
 * several (`barrage.v1.evt.node.<asker>.whereabouts`, to `barrage.v1.node.<asker>.present`). Nodes tell each other every
 * few seconds that they live: one that falls silent, or was started anew, is taken out, and one that is new is asked.
 */
export class Whereabouts implements Disposable {
  readonly #options: WhereaboutsOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #heard = new Map<string, { life: string; at: number }>();
  readonly #questions = new Map<number, Question>();
  readonly #subscriptions: Subscription[];
  readonly #unwatch: () => void;
  #asked = 0;
  #cancel: (() => void) | undefined;

  constructor(options: WhereaboutsOptions) {
    this.#options = options;
    const { bus, nodeId } = options;
    this.#subscriptions = [
      bus.subscribe("barrage.v1.evt.node.*.beat", (message) => this.#hearBeat(message)),
      bus.subscribe("barrage.v1.evt.node.*.whereabouts", (message) => this.#answer(message)),
      bus.subscribe(`barrage.v1.node.${nodeId}.present`, (message) => this.#hearAnswer(message)),
    ];
    this.#unwatch = bus.watch((state) => {
      if (state === "connected") this.#askAll();
    });
    this.#beat();
  }

  get ready(): Promise<unknown> {
    return Promise.all(this.#subscriptions.map(({ ready }) => ready));
  }

  /** Tells the others that the user is here now, or is not any more. */
  tell(user: string, here: boolean): void {
    const { bus, nodeId } = this.#options;
    bus.publish(`barrage.v1.evt.presence.${user}.${here ? "here" : "gone"}`, new Uint8Array(), {
      node: nodeId,
    });
  }

  /** Tells the nodes that `from` shall not see the user any more. */
  hide(user: string, from: string): void {
    this.#options.bus.publish(`barrage.v1.evt.presence.${user}.hidden`, new Uint8Array(), { from });
  }

  isOnline(user: string): boolean {
    return this.#options.isHere(user) || this.isElsewhere(user);
  }

  isElsewhere(user: string): boolean {
    return (this.#followed.get(user)?.nodes.size ?? 0) > 0;
  }

  /** Follows them from now on; resolves when the other nodes have said who is there, or have had their time to. */
  async follow(users: readonly string[]): Promise<void> {
    const fresh = users.filter((user) => !this.#followed.has(user));
    for (const user of fresh) {
      const subject = `barrage.v1.evt.presence.${user}.*`;
      const subscription = this.#options.bus.subscribe(subject, (message) => this.#hear(user, message));
      this.#followed.set(user, { subscription, nodes: new Set() });
    }
    await Promise.all(fresh.map((user) => this.#followed.get(user)?.subscription.ready));
    await this.#ask(fresh);
  }

  unfollow(user: string): void {
    this.#followed.get(user)?.subscription.unsubscribe();
    this.#followed.delete(user);
  }

  [Symbol.dispose](): void {
    this.#cancel?.();
    this.#unwatch();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    for (const user of [...this.#followed.keys()]) this.unfollow(user);
  }

  #hear(user: string, { subject, headers }: BusMessage): void {
    const event = subject.split(".")[5];
    const { node = "", from = "" } = headers;
    if (event === "hidden") return this.#options.onHidden(user, from);
    if (node === this.#options.nodeId) return;
    this.#move(user, () => {
      const nodes = this.#followed.get(user)?.nodes;
      if (event === "here") nodes?.add(node);
      else nodes?.delete(node);
    });
  }

  #move(user: string, move: () => void): void {
    const before = this.isOnline(user);
    move();
    const after = this.isOnline(user);
    if (after !== before) this.#options.onChange(user, after);
  }

  #beat(): void {
    const { bus, clock, nodeId, life } = this.#options;
    bus.publish(`barrage.v1.evt.node.${nodeId}.beat`, new Uint8Array(), { life });
    const now = clock.monotonic();
    for (const [node, { at }] of this.#heard) if (now - at > SILENT_MS) this.#takeOut(node);
    this.#cancel = clock.after(BEAT_MS, () => this.#beat());
  }

  #hearBeat({ subject, headers }: BusMessage): void {
    const node = subject.split(".")[4] ?? "";
    if (node === this.#options.nodeId) return;
    const { life = "" } = headers;
    const known = this.#heard.get(node);
    if (known !== undefined && known.life !== life) this.#takeOut(node);
    this.#heard.set(node, { life, at: this.#options.clock.monotonic() });
    if (known?.life !== life) this.#askAll();
  }

  #takeOut(node: string): void {
    this.#heard.delete(node);
    for (const [user, { nodes }] of this.#followed) this.#move(user, () => nodes.delete(node));
    for (const question of this.#questions.values()) this.#strike(question, node);
  }

  #askAll(): void {
    this.#ask([...this.#followed.keys()]).catch((error) => {
      log.warn("Cannot ask where users are: {error}", { error });
    });
  }

  async #ask(users: readonly string[]): Promise<void> {
    const asked: Promise<void>[] = [];
    for (let start = 0; start < users.length && this.#heard.size > 0; start += ASKED_MAX) {
      asked.push(this.#askSome(users.slice(start, start + ASKED_MAX)));
    }
    await Promise.all(asked);
  }

  async #askSome(users: readonly string[]): Promise<void> {
    const { bus, clock, nodeId } = this.#options;
    const question = ++this.#asked;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#questions.set(question, { awaited: new Set(this.#heard.keys()), answered: resolve });
    const cancel = clock.after(ANSWER_MS, resolve);
    const body = encoder.encode(JSON.stringify({ question, users }));
    bus.publish(`barrage.v1.evt.node.${nodeId}.whereabouts`, body);
    await promise;
    cancel();
    this.#questions.delete(question);
  }

  #answer({ subject, data }: BusMessage): void {
    const asker = subject.split(".")[4] ?? "";
    const { bus, nodeId, isHere } = this.#options;
    if (asker === nodeId) return;
    const asked = this.#parse(Asked, data);
    if (asked === undefined) return;
    const users = asked.users.filter((user) => isHere(user));
    const body = encoder.encode(JSON.stringify({ question: asked.question, node: nodeId, users }));
    bus.publish(`barrage.v1.node.${asker}.present`, body);
  }

  /** Also one that comes too late for whoever asked is news. */
  #hearAnswer({ data }: BusMessage): void {
    const answered = this.#parse(Answered, data);
    if (answered === undefined) return;
    const { node, users } = answered;
    for (const user of users) this.#move(user, () => this.#followed.get(user)?.nodes.add(node));
    const question = this.#questions.get(answered.question);
    if (question !== undefined) this.#strike(question, node);
  }

  #strike({ awaited, answered }: Question, node: string): void {
    awaited.delete(node);
    if (awaited.size === 0) answered();
  }

  #parse<T>(schema: z.ZodType<T>, data: Uint8Array): T | undefined {
    try {
      return schema.parse(JSON.parse(decoder.decode(data)));
    } catch (error) {
      this.#options.drops.count("presence", "parse");
      log.warn("Cannot read what a node says of users: {error}", { error });
      return undefined;
    }
  }
}
