import { directId, groupId } from "actors/conversation/conversation_ids.ts";
import type { Clock } from "actors/runtime/clock.ts";
import { ERRORS, type Reason } from "protocol/errors.ts";
import type { Chance } from "tests/support/fuzz_frames.ts";
import type { ChatDevice } from "./device.ts";
import type { Act, Deed, Try } from "./story.ts";

const AGAIN_MS = 250;
/** What somebody remembers of what he sent. */
const OWN_MAX = 20;

type Draft = Deed & { readonly tries: Try[] };
type Asked = { readonly method: string; readonly params: Record<string, unknown> };

export interface Village {
  /** Everybody's id. */
  readonly users: readonly string[];
  /** Groups that anybody may try to join. */
  readonly groups: readonly Group[];
}

export interface Group {
  readonly id: string;
  readonly owner: string;
}

export interface TalkerOptions {
  readonly devices: readonly ChatDevice[];
  readonly village: Village;
  readonly chance: Chance;
  readonly clock: Pick<Clock, "monotonic" | "after">;
  /** Milliseconds between two acts, on average. */
  readonly paceMs: number;
  /** For so long at most somebody stays away. */
  readonly awayMs: number;
  /** Told of every answer that is an error, and of lost connections. */
  readonly failed: (reason: string) => void;
}

/** A conversation; `to` where it may not have begun. */
interface Where {
  readonly conversation: string;
  readonly to?: string;
}

interface Own {
  readonly conversation: string;
  readonly clientId: string;
  readonly text: string;
  readonly seq: number;
}

/** Somebody who does all that one can do in a chat, now this, now that, until he is asked to stop. */
export class Talker {
  readonly deeds: Draft[] = [];
  readonly #options: TalkerOptions;
  readonly #own: Own[] = [];
  readonly #removed: string[] = [];
  /** Deeds that nobody waits for. */
  readonly #under = new Set<Promise<unknown>>();
  #texts = 0;
  #stopping = false;

  constructor(options: TalkerOptions) {
    this.#options = options;
  }

  get user(): string {
    return this.#options.devices[0]!.user;
  }

  get name(): string {
    return this.#options.devices[0]!.name;
  }

  /** Resolves when he has stopped and all that he did has had its outcome. */
  async live(): Promise<void> {
    const { chance, paceMs } = this.#options;
    await this.#pause(chance.below(paceMs * 2));
    while (!this.#stopping) {
      await this.#act();
      await this.#pause(chance.below(paceMs * 2));
    }
    await Promise.all(this.#under);
  }

  stop(): void {
    this.#stopping = true;
  }

  /** A group under a name of his own, which the others join by themselves. */
  async found(name: string, settings: { join: string; historyForNewcomers: boolean }): Promise<Group> {
    const { historyForNewcomers } = settings;
    const id = groupId(this.user, name);
    await this.#do(id, { what: "create", historyForNewcomers }, {
      method: "chat.create",
      params: { id: name, title: name, ...settings },
    });
    return { id, owner: this.user };
  }

  join(conversation: string): Promise<Draft> {
    return this.#do(conversation, { what: "join" }, { method: "chat.join", params: { conversation } });
  }

  /** Says it until it is acked, or refused for good. */
  say(where: Where): Promise<Draft> {
    return this.#send(this.#draft(), where);
  }

  async #act(): Promise<void> {
    const { chance, village } = this.#options;
    const owned = village.groups.filter(({ owner }) => owner === this.user);
    if (owned.length > 0 && chance.below(3) === 0) return await this.#rule(chance.of(owned).id);
    const dice = chance.below(100);
    if (dice < 28) await this.say(this.#somewhere());
    else if (dice < 34) await this.#twice();
    else if (dice < 42) this.#burst();
    else if (dice < 47) await this.#sendOldAgain();
    else if (dice < 54) await this.#revise("edit");
    else if (dice < 60) await this.#revise("recall");
    else if (dice < 72) await this.#read();
    else if (dice < 75) await this.#block();
    else if (dice < 85) await this.#group();
    else if (dice < 94) await this.#goAway();
    else if (dice < 97) this.#sulk();
    else await this.#sendToStranger();
  }

  /** A conversation he is in. */
  #somewhere(): Where {
    const mine = this.#mine();
    if (mine.length === 0) return this.#stranger();
    return { conversation: this.#options.chance.of(mine) };
  }

  #mine(): string[] {
    const { states } = this.#device.notebook;
    return [...states].filter(([, state]) => state === "member").map(([id]) => id).sort();
  }

  #stranger(): Where {
    const { village, chance } = this.#options;
    const other = chance.of(village.users.filter((user) => user !== this.user));
    return { conversation: directId(this.user, other), to: other };
  }

  get #device(): ChatDevice {
    return this.#options.devices[0]!;
  }

  /** As a client that does not know whether its first try has arrived: both are on their way. */
  async #twice(): Promise<void> {
    const draft = this.#draft();
    const where = this.#somewhere();
    await Promise.all([this.#send(draft, where), this.#send(draft, where)]);
  }

  /** Several at once; those that fail are tried again in whatever order. */
  #burst(): void {
    const where = this.#somewhere();
    for (let n = 0; n < 3; n++) this.#leave(this.#send(this.#draft(), where));
  }

  /** What was acked long ago, with the same id. */
  async #sendOldAgain(): Promise<void> {
    if (this.#own.length === 0) return;
    const { conversation, clientId, text } = this.#options.chance.of(this.#own);
    await this.#send({ clientId, text }, { conversation });
  }

  async #sendToStranger(): Promise<void> {
    await this.say(this.#stranger());
  }

  async #revise(what: "edit" | "recall"): Promise<void> {
    if (this.#own.length === 0) return;
    const { conversation, seq } = this.#options.chance.of(this.#own);
    const text = `${this.name} edits ${++this.#texts}`;
    const act: Act = what === "edit" ? { what, seq, text } : { what, seq };
    const params = { conversation, seq, ...(what === "edit" ? { text } : {}) };
    await this.#do(conversation, act, { method: `chat.${what}`, params });
  }

  async #read(): Promise<void> {
    const mine = this.#mine();
    if (mine.length === 0) return;
    const conversation = this.#options.chance.of(mine);
    const seq = this.#device.notebook.messages(conversation).at(-1)?.seq ?? 1;
    await this.#do(conversation, { what: "read", seq }, {
      method: "chat.read",
      params: { conversation, seq },
    });
  }

  /** Blocks somebody, or lifts it. */
  async #block(): Promise<void> {
    const { notebook } = this.#device;
    const directs = this.#mine().filter((id) => notebook.conversations.get(id)?.kind === "direct");
    if (directs.length === 0) return;
    const conversation = this.#options.chance.of(directs);
    const blocked = this.#options.chance.below(3) === 0;
    await this.#do(conversation, { what: "block", blocked }, {
      method: "chat.block",
      params: { conversation, blocked },
    });
  }

  async #group(): Promise<void> {
    const { village, chance } = this.#options;
    const { states } = this.#device.notebook;
    const invitations = [...states].filter(([, state]) => state === "invited").map(([id]) => id).sort();
    if (village.groups.length === 0) return;
    const conversation = invitations.length > 0 ? chance.of(invitations) : chance.of(village.groups).id;
    const inside = states.get(conversation) === "member";
    const what = inside && chance.below(3) === 0 ? "leave" : "join";
    await this.#do(conversation, { what }, { method: `chat.${what}`, params: { conversation } });
  }

  /** Removes somebody, lets him in again, or changes what newcomers see. */
  async #rule(conversation: string): Promise<void> {
    const { village, chance } = this.#options;
    // Those removed last come first, so that some of them come back.
    const removed = this.#removed.length > 0 && chance.below(3) > 0 ? chance.of(this.#removed) : undefined;
    const target = removed ?? chance.of(village.users);
    switch (chance.below(5)) {
      case 0:
      case 1: {
        const user = this.#someoneIn(conversation) ?? target;
        this.#removed.push(user);
        if (this.#removed.length > OWN_MAX) this.#removed.shift();
        await this.#do(conversation, { what: "remove", target: user }, {
          method: "chat.remove",
          params: { conversation, user },
        });
        return;
      }
      case 2:
        await this.#do(conversation, { what: "invite", target }, {
          method: "chat.invite",
          params: { conversation, users: [target] },
        });
        return;
      case 3:
        await this.#approve(conversation, this.#device.asked.get(conversation) ?? target);
        return;
      default: {
        const historyForNewcomers = chance.below(2) === 0;
        await this.#do(conversation, { what: "update", historyForNewcomers }, {
          method: "chat.update",
          params: { conversation, historyForNewcomers },
        });
      }
    }
  }

  async #approve(conversation: string, target: string): Promise<void> {
    await this.#do(conversation, { what: "approve", target }, {
      method: "chat.approve",
      params: { conversation, user: target },
    });
  }

  /** Who spoke there of late. */
  #someoneIn(conversation: string): string | undefined {
    const senders = new Set(
      this.#device.notebook.messages(conversation).slice(-OWN_MAX).map(({ sender }) => sender.id),
    );
    senders.delete(this.user);
    return [...senders].sort().at(this.#texts % Math.max(1, senders.size));
  }

  /** Out of reach for a while; all that happens meanwhile comes by sync. */
  async #goAway(): Promise<void> {
    const { devices, chance, awayMs } = this.#options;
    const device = chance.of(devices);
    device.goOffline();
    await this.#pause(chance.below(awayMs));
    device.goOnline();
  }

  /** Goes while something is on its way. */
  #sulk(): void {
    const { devices, chance } = this.#options;
    this.#leave(this.say(this.#somewhere()));
    const device = chance.of(devices);
    this.#leave(
      this.#pause(chance.below(20)).then(() => {
        device.goOffline();
        device.goOnline();
      }),
    );
  }

  #draft(): { clientId: string; text: string } {
    const n = ++this.#texts;
    return { clientId: `${this.name}-${n}`.replaceAll(" ", "-"), text: `${this.name} says ${n}` };
  }

  async #send({ clientId, text }: { clientId: string; text: string }, { conversation, to }: Where) {
    const target = to === undefined ? { conversation } : { to };
    const deed = await this.#do(conversation, { what: "send", clientId, text }, {
      method: "chat.send",
      params: { ...target, id: clientId, text },
    });
    const acked = deed.tries.find(({ answer }) => answer === "ok");
    if (acked === undefined) return deed;
    const { seq } = acked.result as { seq: number };
    this.#own.push({ conversation, clientId, text, seq });
    if (this.#own.length > OWN_MAX) this.#own.shift();
    return deed;
  }

  /** Tries until there is an answer that stays. */
  async #do(conversation: string, act: Act, { method, params }: Asked): Promise<Draft> {
    const deed: Draft = { user: this.user, conversation, act, tries: [] };
    this.deeds.push(deed);
    const { devices, chance, failed } = this.#options;
    for (;;) {
      const connected = devices.filter((device) => device.connected);
      const device = connected.length === 0 ? undefined : chance.of(connected);
      const tried = await device?.call(method, params);
      if (tried !== undefined) {
        deed.tries.push(tried);
        if (tried.answer === "ok") return deed;
        failed(tried.answer ?? "lost");
        const again = tried.answer === undefined || ERRORS[tried.answer as Reason].retry;
        if (!again || (this.#stopping && act.what !== "send")) return deed;
      } else if (this.#stopping && !devices.some(({ online }) => online)) return deed;
      await this.#pause(AGAIN_MS + chance.below(AGAIN_MS));
    }
  }

  #leave(doing: Promise<unknown>): void {
    const left = doing.finally(() => this.#under.delete(left));
    this.#under.add(left);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(ms, resolve));
  }
}
