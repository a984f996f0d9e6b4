import { deepEqual, equal, ok } from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { SYSTEM } from "actors/runtime/caller.ts";
import type { ConversationLimits } from "actors/conversation/limits.ts";
import type { Message, Sent } from "protocol/chat.ts";
import { BarrageError } from "protocol/errors.ts";
import {
  type ConversationProcess,
  ConversationStage,
  group,
  member,
  person,
} from "tests/support/conversation_stage.ts";
import { Device } from "./device.ts";
import { type Stay, stays } from "./stays.ts";

export type Step =
  | { readonly kind: "send"; readonly user: number; readonly mentions: boolean }
  | { readonly kind: "retry" | "edit" | "recall"; readonly which: number }
  | { readonly kind: "read" | "join" | "leave" | "kick" | "pin"; readonly user: number }
  | { readonly kind: "sync"; readonly user: number; readonly limit: number }
  | { readonly kind: "sweep"; readonly limit: number }
  | { readonly kind: "pass"; readonly ms: number }
  /** A little of what is under way goes on. */
  | { readonly kind: "hop"; readonly hops: number }
  | { readonly kind: "fault"; readonly fault: "refuse" | "lose_answer" }
  | { readonly kind: "crash" | "passivate" | "second_owner" };

export const USERS = 4;

const LIMITS = {
  memoryMessages: 4,
  sendBurst: 1_000,
  recallMs: 1e9,
  editMs: 1e9,
  retentionMs: 2_000,
} satisfies Partial<ConversationLimits>;

/** One message as its sender sees it, however often it is sent. */
interface Said {
  readonly user: number;
  readonly clientId: string;
  readonly mentions: boolean;
  ack: Sent | undefined;
}

/** A group under all kinds of trouble, and what its members have seen of it. */
export class ConversationModel {
  readonly #stage: ConversationStage;
  readonly #said: Said[] = [];
  readonly #devices = Array.from({ length: USERS }, (_, n) => new Device(n + 1));
  readonly #id = group(1);
  /** What was said, by place, also when it is kept no more. */
  readonly #history = new Map<number, Message>();
  /** The owner that was replaced without knowing it, and its successor last. */
  #owners: ConversationProcess[];
  #commands = 0;

  private constructor(stage: ConversationStage, process: ConversationProcess) {
    this.#stage = stage;
    this.#owners = [process];
  }

  static async run(steps: readonly Step[], seed: number): Promise<void> {
    const options = { limits: LIMITS, runtime: { idleMs: 2_000 }, seed };
    const { stage, process } = await ConversationStage.withProcess(options);
    await using _ = stage;
    const model = new ConversationModel(stage, process);
    await stage.run(process.found([2, 3]));
    for (const step of steps) await model.#take(step);
    await model.#finish();
    await model.#check();
  }

  async #take(step: Step): Promise<void> {
    switch (step.kind) {
      case "send": {
        const { user, mentions } = step;
        this.#said.push({ user, clientId: `id-${this.#said.length}`, mentions, ack: undefined });
        return this.#send(this.#said.at(-1)!);
      }
      case "retry": {
        const said = this.#said[step.which % Math.max(1, this.#said.length)];
        return said === undefined ? undefined : this.#send(said);
      }
      case "edit":
      case "recall":
        return this.#revise(step.kind, step.which);
      case "read":
      case "join":
      case "leave":
      case "kick":
      case "pin":
        return this.#act(step.kind, step.user);
      case "sync":
        return this.#sync(step.user, step.limit);
      case "sweep":
        return await this.#sweep(step.limit);
      case "pass":
        return await this.#stage.pass(step.ms);
      case "hop":
        for (let hop = 0; hop < step.hops; hop++) await setImmediate();
        return;
      case "fault":
        return this.#newest.storage.faultNext({ kind: step.fault, error: new BarrageError("timeout") });
      case "crash":
        for (const owner of this.#owners) owner.kill();
        this.#owners = [await this.#stage.start()];
        return;
      case "passivate":
        return await this.#stage.jump(3_000);
      case "second_owner":
        this.#owners = [this.#newest, await this.#stage.start()];
        return;
      default:
        step satisfies never;
    }
  }

  get #newest(): ConversationProcess {
    return this.#owners.at(-1)!;
  }

  /** Callers do not know who the owner is: now and then they ask the one before. */
  #as(user: number) {
    const owner = this.#owners[this.#commands++ % this.#owners.length]!;
    return owner.at(this.#id, member(user));
  }

  #send(said: Said): void {
    const { user, clientId, mentions } = said;
    const text = `${user} says ${clientId}`;
    const mentioned = mentions ? { mentions: [person(1).id, person(2).id] } : {};
    this.#forget(
      this.#as(user).send({ id: clientId, text, ...mentioned }).then((ack) => {
        if (said.ack !== undefined) deepEqual(ack, said.ack, "one message was acknowledged in two ways");
        said.ack = ack;
      }),
    );
  }

  #revise(verb: "edit" | "recall", which: number): void {
    const acked = this.#said.filter(({ ack }) => ack !== undefined);
    const said = acked[which % Math.max(1, acked.length)];
    if (said === undefined) return;
    const ref = this.#as(said.user);
    const { seq } = said.ack!;
    this.#forget(verb === "edit" ? ref.edit({ seq, text: `edited ${this.#commands}` }) : ref.recall({ seq }));
  }

  #act(verb: "read" | "join" | "leave" | "kick" | "pin", user: number): void {
    switch (verb) {
      case "read":
        return this.#forget(this.#as(user).read({ seq: this.#commands }));
      case "join":
        return this.#forget(this.#as(user).join({}));
      case "leave":
        return this.#forget(this.#as(user).leave({}));
      case "kick":
        this.#forget(this.#as(1).remove({ user: person(user).id }));
        // So that he may come back.
        return this.#forget(this.#as(1).invite({ users: [person(user).id] }));
      case "pin":
        return this.#forget(this.#as(user).settings({ pinned: this.#commands % 2 === 0 }));
    }
  }

  #sync(user: number, limit: number): void {
    const device = this.#devices[user - 1]!;
    this.#forget(device.sync(this.#as(user), limit));
  }

  /** Nothing that is young enough to be unknown here goes. */
  async #sweep(limit: number): Promise<void> {
    for (const message of await this.#stage.stored(this.#id)) this.#history.set(message.seq, message);
    const owner = this.#owners[this.#commands++ % this.#owners.length]!;
    this.#forget(owner.at(this.#id, SYSTEM).sweep({ now: this.#stage.clock.now(), limit }));
  }

  #forget(done: Promise<unknown>): void {
    done.catch((error) => {
      if (!(error instanceof BarrageError)) throw error;
      ok(error.reason !== "internal", `${error.cause}`);
    });
  }

  /** What was sent is sent until it is acknowledged or refused for good, as a client does. */
  async #finish(): Promise<void> {
    await this.#stage.pass(10_000);
    // Two that take each other for dead would go on to quarrel about it.
    for (const owner of this.#owners) owner.kill();
    this.#owners = [await this.#stage.start()];
    for (let round = 0; round < 50; round++) {
      const open = this.#said.filter(({ ack }) => ack === undefined);
      if (open.length === 0) break;
      for (const said of open) this.#send(said);
      await this.#stage.pass(1_000);
    }
    for (const device of this.#devices) {
      await this.#stage.run(
        device.sync(this.#newest.at(this.#id, member(device.user)), 3).catch((error) => {
          equal(error.reason, "forbidden", "a device is refused that was a member");
        }),
      );
    }
  }

  async #check(): Promise<void> {
    const stored = await this.#stage.stored(this.#id);
    for (const message of stored) this.#history.set(message.seq, message);
    const history = [...this.#history.values()].sort((one, other) => one.seq - other.seq);
    deepEqual(history.map(({ seq }) => seq), history.map((_, index) => index + 1));
    deepEqual(stored, history.slice(history.length - stored.length), "history has a hole");
    equal(new Set(stored.map(({ version }) => version)).size, stored.length, "a version was given twice");
    await this.#checkSaid(stored);
    await this.#checkHeard(stored);
    const presence = stays(history);
    for (const device of this.#devices) {
      await this.#checkDevice(device, stored, presence.get(person(device.user).id) ?? []);
    }
  }

  async #checkSaid(stored: readonly Message[]): Promise<void> {
    const ids = this.#said.map(({ user, clientId }) => ({ sender: person(user).id, clientId }));
    const found = await this.#stage.storage.messages.sent(this.#id, ids);
    const kept = found.filter(({ seq }) => stored.some((message) => message.seq === seq));
    equal(kept.length, stored.filter(({ kind }) => kind !== "change").length, "something was stored twice");
    for (const { user, clientId, ack } of this.#said) {
      const one = found.find((sent) => sent.sender === person(user).id && sent.clientId === clientId);
      if (ack !== undefined) deepEqual([one?.seq, one?.id, one?.at], [ack.seq, ack.id, ack.at]);
    }
  }

  /** Whoever listens sees every message as it is, or can tell that he has missed it. */
  async #checkHeard(stored: readonly Message[]): Promise<void> {
    const told = new Map<number, Message>();
    const missed: { readonly after: number; readonly to: number }[] = [];
    let [epoch, known] = [0, 0];
    for (const { params, to, previous, ...event } of await this.#stage.heard(this.#id)) {
      ok(event.epoch >= epoch, "an owner that was replaced told something later");
      ok(previous >= known, "something was told that comes before what was told");
      if (previous > known) missed.push({ after: known, to: previous });
      [epoch, known] = [event.epoch, previous];
      if (to !== undefined) continue;
      if (event.method === "chat.swept") {
        known = event.version;
        continue;
      }
      const message = params as Message;
      equal(message.version, event.version);
      told.set(message.seq, message);
      known = event.version;
    }
    for (const message of stored) {
      const { seq, version } = message;
      if (told.get(seq)?.version === version) {
        deepEqual(told.get(seq), message);
        continue;
      }
      // What was stored last may not have been told yet: its owner died in between.
      const noticed = version > known || missed.some(({ after, to }) => version > after && version <= to);
      ok(noticed, `message ${seq} changed at version ${version}, and nobody could tell`);
    }
  }

  async #checkDevice(device: Device, stored: readonly Message[], presence: readonly Stay[]): Promise<void> {
    for (const { seq, version } of device.everything) {
      ok(
        presence.some(({ from, to, version: end }) => seq >= from && seq <= to && version <= end),
        `user ${device.user} saw message ${seq} at version ${version}, which is none of his business`,
      );
    }
    const row = await this.#stage.storage.memberships.read(this.#id, person(device.user).id);
    if (row?.state !== "member") return;
    const mine = stored.filter(({ seq }) => seq >= row.visibleFrom);
    deepEqual(device.messages(row.visibleFrom), mine);
    const view = await this.#stage.run(this.#newest.at(this.#id, member(device.user)).open({}));
    const unread = mine.filter(({ seq, sender }) => seq > row.readSeq && sender.id !== row.user.id);
    equal(view.unread, unread.length);
    const mentions = mine.filter((message) =>
      message.seq > row.readSeq && message.kind === "sent" && message.mentions?.includes(row.user.id)
    );
    equal(view.mentions, mentions.length);
  }
}
