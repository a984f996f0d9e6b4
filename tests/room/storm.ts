import { deepEqual, equal, ok } from "node:assert/strict";
import type { Item } from "protocol/items.ts";
import type { Joined, Position } from "protocol/rooms.ts";
import { CallError, SocketClient } from "tests/support/socket_client.ts";

/** Says on their way at once, per talker. */
const WINDOW = 3;
const NEVER = new AbortController().signal;

interface Said {
  readonly id: string;
  readonly text: string;
}

/** Says things over a socket of its own and repeats, in order, what was not acknowledged before the socket broke. */
export class Talker {
  readonly said: Said[] = [];
  readonly #room: string;
  readonly #token: string;
  readonly #name: string;
  readonly #acked = new Set<string>();
  #client: SocketClient | undefined;

  constructor(room: string, token: string, name: string) {
    this.#room = room;
    this.#token = token;
    this.#name = name;
  }

  get unacked(): readonly Said[] {
    return this.said.filter(({ id }) => !this.#acked.has(id));
  }

  async enter(url: string): Promise<void> {
    this.#client = await SocketClient.greet(url, this.#token);
    await this.#client.call("room.join", { room: this.#room });
  }

  /** Ends when `count` danmaku, the open ones first, are acknowledged or the socket breaks. */
  async talk(count: number, onAck: () => void): Promise<void> {
    if (this.#client === undefined) throw new Error("Cannot talk: enter first");
    await using client = this.#client;
    while (this.unacked.length < count) {
      const number = this.said.length;
      const text = number % 4 === 3 ? "666" : `${this.#name} ${number}`;
      this.said.push({ id: `say-${number}`, text });
    }
    const onTheWay = new Set<Promise<void>>();
    const failures: unknown[] = [];
    for (const say of this.unacked) {
      if (onTheWay.size >= WINDOW) await Promise.race(onTheWay);
      if (failures.length > 0) break;
      const answered = client.call("room.say", { room: this.#room, ...say }).then(
        () => {
          this.#acked.add(say.id);
          onAck();
        },
        (error) => void failures.push(error),
      ).finally(() => onTheWay.delete(answered));
      onTheWay.add(answered);
    }
    await Promise.all(onTheWay);
    for (const failure of failures) if (failure instanceof CallError) throw failure;
  }
}

/** Watches a room from its first item on and resumes where its last socket broke. */
export class Spectator {
  readonly items: Item[] = [];
  readonly epochs: number[] = [];
  readonly #room: string;
  readonly #token: string;
  #client: SocketClient | undefined;
  #position: Position = { epoch: 0, offset: 0 };
  #moved: () => void = () => {};

  constructor(room: string, token: string) {
    this.#room = room;
    this.#token = token;
  }

  async enter(url: string): Promise<void> {
    this.#client = await SocketClient.greet(url, this.#token);
    const params = { room: this.#room, resume: this.#position };
    const { epoch, offset, recent, recovered } = await this.#client.call<Joined>("room.join", params);
    ok(recovered, `not everything after ${this.#position.offset} came back`);
    this.epochs.push(epoch);
    this.items.push(...recent);
    this.#position = { epoch, offset };
  }

  /** Ends when the socket breaks or the item at the offset `last` has been seen. */
  async watch(last: Promise<number>): Promise<void> {
    if (this.#client === undefined) throw new Error("Cannot watch: enter first");
    await using client = this.#client;
    const over = Promise.race([client.closed, this.#reached(last)]).then(() => undefined);
    for (;;) {
      const next = client.next("room.frame", () => true, NEVER).catch(() => undefined);
      const frame = await Promise.race([next, over]);
      if (frame === undefined) return;
      this.items.push(...frame.items);
      this.#position = { epoch: frame.epoch, offset: frame.to };
      this.#moved();
    }
  }

  async #reached(last: Promise<number>): Promise<void> {
    const offset = await last;
    while (this.#position.offset < offset) {
      await new Promise<void>((resolve) => {
        this.#moved = resolve;
      });
    }
  }
}

/** The room's history against what everybody sent and saw. */
export function checkStorm(
  history: readonly Item[],
  talkers: readonly Talker[],
  spectators: readonly Spectator[],
): void {
  deepEqual(history.map(({ offset }) => offset), history.map((_, index) => index + 1));
  const said = talkers.flatMap((talker) => talker.said);
  equal(history.reduce((sum, { count }) => sum + count, 0), said.length);
  const common = history.filter(({ text }) => text === "666").reduce((sum, { count }) => sum + count, 0);
  equal(common, said.filter(({ text }) => text === "666").length);
  const single = history.filter(({ text }) => text !== "666");
  ok(single.every(({ count }) => count === 1), "something was said twice");
  for (const talker of talkers) {
    const mine = new Set(talker.said.map(({ text }) => text));
    const heard = single.map(({ text }) => text).filter((text) => mine.has(text));
    deepEqual(heard, talker.said.map(({ text }) => text).filter((text) => text !== "666"));
  }
  for (const spectator of spectators) deepEqual(spectator.items, history);
}
