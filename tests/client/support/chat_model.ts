import { deepEqual, equal, ok } from "node:assert/strict";
import { Barrage, BarrageCallError, type ChatConversation, MemoryOutboxStore } from "client/mod.ts";
import type { OutgoingMessage } from "client/mod.ts";
import { directId } from "actors/conversation/conversation_ids.ts";
import type { Message } from "protocol/chat.ts";
import { ChatCluster } from "tests/support/chat_cluster.ts";
import { person, seeded } from "tests/support/room_stage.ts";
import { ChatWire, clientClock } from "./chat_wire.ts";

/** Users of the devices: the first two are one person's. */
export const OWNERS = [1, 1, 2, 3];

export type Step =
  | {
    readonly kind: "send" | "read" | "older" | "cut" | "reload";
    readonly device: number;
    readonly where: number;
  }
  | { readonly kind: "edit" | "recall"; readonly device: number; readonly which: number }
  | { readonly kind: "kick" | "leave" | "invite" }
  | {
    readonly kind: "trap";
    readonly device: number;
    readonly method: "chat.send" | "chat.sync" | "chat.history";
    readonly when: "asked" | "answered";
  }
  | { readonly kind: "wire"; readonly device: number; readonly lateMs: number; readonly twice: boolean }
  | { readonly kind: "pass"; readonly ms: number };

/** Whom a message of the model is by, and the how manieth it is: edits keep both. */
function nameOf(text: string): string {
  return text.split(" ")[0]!;
}

/** Three people with four devices in a group and a direct conversation, on a real node, through the SDK. */
export class ChatModel {
  readonly #cluster: ChatCluster;
  readonly #conversations: readonly string[];
  readonly #devices: readonly Device[];
  #sent = 0;

  private constructor(cluster: ChatCluster, group: string, seed: number) {
    this.#cluster = cluster;
    this.#conversations = [group, directId(person(1).id, person(2).id)];
    const random = seeded(seed);
    this.#devices = OWNERS.map((user, n) => new Device(n, user, cluster, random));
  }

  static async run(steps: readonly Step[], seed: number): Promise<void> {
    await using cluster = await ChatCluster.open(["a"], { people: 3, seed });
    const group = await cluster.group("a", ["a"], [2, 3]);
    const model = new ChatModel(cluster, group, seed);
    try {
      await model.#begin();
      for (const step of steps) {
        model.#take(step);
        await cluster.clock.advance(step.kind === "pass" ? step.ms : 3);
        model.#complain();
      }
      await model.#settle();
      model.#complain();
      await model.#check();
    } finally {
      for (const device of model.#devices) device.barrage.close();
    }
  }

  async #begin(): Promise<void> {
    for (const device of this.#devices) {
      device.start();
      await this.#cluster.run(device.barrage.chat.start());
    }
    const [group, direct] = this.#conversations as [string, string];
    await this.#cluster.run(this.#devices[0]!.barrage.chat.open(person(2).id));
    await this.#cluster.run(this.#devices[2]!.barrage.chat.open(person(1).id));
    for (const device of this.#devices) {
      device.follow(group);
      if (device.user < 3) device.follow(direct);
    }
    // Both have answered, so that neither is a stranger.
    for (const device of [0, 2]) this.#take({ kind: "send", device, where: 1 });
    await this.#cluster.clock.advance(100);
  }

  #take(step: Step): void {
    switch (step.kind) {
      case "pass":
        return;
      case "kick":
      case "leave":
      case "invite":
        return this.#move(step.kind);
      case "wire": {
        const { wire } = this.#device(step.device);
        wire.answersLateMs = step.lateMs;
        wire.twice = step.twice;
        return;
      }
      case "trap":
        return this.#device(step.device).wire.cutWhen(step.method, step.when);
      case "edit":
      case "recall":
        return this.#device(step.device).revise(step.kind, step.which);
      case "cut":
        return this.#device(step.device).wire.cut();
      case "reload":
        return this.#device(step.device).reload();
      case "send":
      case "read":
      case "older": {
        const device = this.#device(step.device);
        const conversation = this.#conversations[device.user === 3 ? 0 : step.where % 2]!;
        if (step.kind === "send") return device.send(conversation, `${device.n}-${++this.#sent}`);
        const chat = device.conversation(conversation);
        if (step.kind === "read") return chat.read();
        return device.lenient(chat.older(5));
      }
    }
  }

  #device(n: number): Device {
    return this.#devices[n % this.#devices.length]!;
  }

  /** What becomes of the third one's part in the group. */
  #move(kind: "kick" | "leave" | "invite"): void {
    const [group] = this.#conversations as [string];
    const [first, , , third] = this.#devices as [Device, Device, Device, Device];
    if (kind === "kick") return first.lenient(first.conversation(group).remove(person(3).id));
    if (kind === "leave") return third.lenient(third.conversation(group).leave());
    const invited = first.conversation(group).invite([person(3).id]);
    third.lenient(invited.then(() => third.conversation(group).join()));
  }

  #complain(): void {
    for (const { complaint } of this.#devices) if (complaint !== undefined) throw complaint;
  }

  async #settle(): Promise<void> {
    for (const { wire } of this.#devices) {
      wire.answersLateMs = 0;
      wire.twice = false;
    }
    const isQuiet = () => this.#devices.every((device) => device.isQuiet(this.#conversations));
    for (let tries = 0; !isQuiet() || tries < 3; tries++) {
      ok(tries < 200, "the devices do not come to rest");
      await this.#cluster.clock.advance(1_000);
    }
  }

  async #check(): Promise<void> {
    for (const conversation of this.#conversations) {
      const stored = await this.#cluster.stored(conversation);
      this.#checkStored(conversation, stored);
      for (const device of this.#devices) await this.#checkSeen(device, conversation, stored);
    }
  }

  /** What was accepted is there once, in the order written. */
  #checkStored(conversation: string, stored: readonly Message[]): void {
    for (const device of this.#devices) {
      const written = device.written.filter((one) => one.conversation === conversation && !one.failed);
      const bySeq = written.map(({ outgoing, name }) => {
        const state = outgoing?.state;
        return state?.status === "sent" ? { seq: state.seq, name } : undefined;
      });
      const known = bySeq.filter((one) => one !== undefined);
      deepEqual(known, known.toSorted((a, b) => a.seq - b.seq), "the order written");
      for (const { seq, name } of known) {
        const message = stored[seq - 1];
        ok(message !== undefined && message.sender.id === person(device.user).id, `no ${name} at ${seq}`);
        if (message.kind === "sent") equal(nameOf(message.text ?? ""), name);
      }
      const names = stored.flatMap((message) =>
        message.kind === "sent" && nameOf(message.text ?? "").startsWith(`${device.n}-`)
          ? [nameOf(message.text ?? "")]
          : []
      );
      const all = device.written.filter((one) => one.conversation === conversation).map(({ name }) => name);
      deepEqual(names, all.filter((name) => names.includes(name)), "each once, in the order written");
      const recalled = stored.filter(({ kind }) => kind === "recalled").length;
      const missing = written.filter(({ name, accepted }) => accepted && !names.includes(name));
      ok(missing.length <= recalled, `${missing.map(({ name }) => name)} are missing`);
    }
  }

  async #checkSeen(device: Device, conversation: string, stored: readonly Message[]): Promise<void> {
    const chat = device.conversation(conversation);
    const isMember = (device.user < 3 || conversation === this.#conversations[0]) &&
      await this.#isMember(device, conversation);
    equal(chat.view?.standing === "member", isMember, `device ${device.n} is a member`);
    if (!isMember) return;
    const seen = chat.messages.flatMap((line) => line.shown === "stored" ? [line.message] : []);
    const first = seen[0]?.seq ?? stored.length + 1;
    deepEqual(
      seen.map(({ seq, kind, version }) => ({ seq, kind, version })),
      stored.slice(first - 1).map(({ seq, kind, version }) => ({ seq, kind, version })),
    );
    deepEqual(seen, stored.slice(first - 1), `what device ${device.n} sees`);
    const { version: _, deliveredSeq: _delivered, ...view } = await this.#open(device, conversation);
    for (const [field, value] of Object.entries(view)) {
      deepEqual(chat.view?.[field as keyof typeof chat.view], value, `${field} on device ${device.n}`);
    }
  }

  async #isMember(device: Device, conversation: string): Promise<boolean> {
    return await this.#open(device, conversation).then(() => true, () => false);
  }

  #open({ user }: Device, conversation: string) {
    return this.#cluster.run(this.#cluster.node("a").at(conversation, user).open({}));
  }
}

interface Written {
  readonly conversation: string;
  readonly name: string;
  /** Of this life; what an earlier one has left goes on under another object. */
  outgoing: OutgoingMessage | undefined;
  accepted: boolean;
  failed: boolean;
}

class Device {
  readonly wire: ChatWire;
  readonly written: Written[] = [];
  barrage!: Barrage;
  /** What was wrong with what was shown, first. */
  complaint: unknown;
  readonly #store = new MemoryOutboxStore();
  readonly #cluster: ChatCluster;
  readonly #random: () => number;
  readonly #followed = new Map<string, ChatConversation>();

  constructor(readonly n: number, readonly user: number, cluster: ChatCluster, random: () => number) {
    this.#cluster = cluster;
    this.#random = random;
    this.wire = new ChatWire(cluster.node("a"), user, cluster.clock);
  }

  start(): void {
    const { clock } = this.#cluster;
    this.barrage = new Barrage({
      ...{ url: "http://chat.test", token: "T", WebSocket: this.wire.WebSocket, random: this.#random },
      clock: clientClock(clock),
      chat: { outbox: this.#store, now: () => clock.now() },
    });
    this.barrage.chat.on("failed", ({ draft }) => {
      for (const one of this.written) one.failed ||= one.name === draft.text;
    });
  }

  /** The program ends, and another one begins with what the store has. */
  reload(): void {
    this.barrage.close();
    for (const one of this.written) one.outgoing = undefined;
    this.start();
    this.lenient(this.barrage.chat.start());
    const followed = [...this.#followed.keys()];
    this.#followed.clear();
    for (const conversation of followed) this.follow(conversation);
  }

  conversation(id: string): ChatConversation {
    return this.barrage.chat.conversation(id);
  }

  follow(id: string): void {
    const chat = this.conversation(id);
    this.#followed.set(id, chat);
    chat.on("messages", () => {
      try {
        this.#look(chat);
      } catch (error) {
        this.complaint ??= error;
      }
    });
  }

  send(conversation: string, name: string): void {
    const one: Written = { conversation, name, outgoing: undefined, accepted: false, failed: false };
    this.written.push(one);
    const sent = this.conversation(conversation).send(name).then((outgoing) => {
      one.outgoing = outgoing;
      one.accepted = true;
    });
    this.lenient(sent);
  }

  revise(kind: "edit" | "recall", which: number): void {
    for (const chat of this.#followed.values()) {
      const own = chat.messages.flatMap((line) =>
        line.shown === "stored" && line.own && line.message.kind === "sent" ? [line.message] : []
      );
      const message = own[which % Math.max(1, own.length)];
      if (message === undefined) continue;
      const text = `${nameOf(message.text ?? "")} ${which}`;
      return this.lenient(kind === "edit" ? chat.edit(message.seq, text) : chat.recall(message.seq));
    }
  }

  isQuiet(conversations: readonly string[]): boolean {
    return this.barrage.chat.state.status === "live" &&
      conversations.every((id) => (this.conversation(id).view?.sending ?? 0) === 0);
  }

  /** It may be refused, or its connection cut. */
  lenient(promise: Promise<unknown>): void {
    promise.catch((error) => {
      if (!(error instanceof BarrageCallError)) throw error;
    });
  }

  /** At any moment: one stretch without gaps, nothing twice, and of what was written here nothing missing. */
  #look(chat: ChatConversation): void {
    const { messages } = chat;
    const stored = messages.flatMap((line) => line.shown === "stored" ? [line.message] : []);
    for (let n = 1; n < stored.length; n++) equal(stored[n]!.seq, stored[n - 1]!.seq + 1, "a gap");
    const names = messages.flatMap((line) => {
      if (line.shown === "outgoing") return [nameOf(line.outgoing.draft.text ?? "")];
      return line.message.kind === "sent" ? [nameOf(line.message.text ?? "")] : [];
    });
    // One that was edited elsewhere while its answer was lost cannot be told from another one.
    const certain = messages.flatMap((line) => {
      if (line.shown === "outgoing") return [nameOf(line.outgoing.draft.text ?? "")];
      const { message } = line;
      return message.kind === "sent" && message.editedAt === undefined ? [message.text ?? ""] : [];
    });
    deepEqual(certain, [...new Set(certain)], `seen twice on device ${this.n}`);
    const keys = new Set(messages.map(({ key }) => key));
    equal(keys.size, messages.length, "two lines of one key");
    if (chat.hasNewer) return;
    for (const { conversation, name, outgoing, failed } of this.written) {
      if (conversation !== chat.id || outgoing === undefined || failed) continue;
      const { state } = outgoing;
      if (state.status === "sent" && state.seq < (stored[0]?.seq ?? Infinity)) continue;
      if (state.status === "sent" && stored[state.seq - stored[0]!.seq]?.kind === "recalled") continue;
      const isThere = messages.some(({ key }) => key === outgoing.id);
      ok(isThere || names.includes(name), `${name} is not seen on device ${this.n}`);
    }
  }
}
