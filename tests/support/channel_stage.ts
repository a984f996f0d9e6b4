import { setImmediate } from "node:timers";
import { MemoryBroker } from "actors/bus/memory.ts";
import { Drops } from "actors/runtime/drops.ts";
import { json } from "protocol/json.ts";
import { Channel } from "routes/gateway/chat/channel.ts";
import type { NoticeForm } from "routes/gateway/chat/chat_event.ts";
import { ChatSeat } from "routes/gateway/chat/chat_seat.ts";
import { ulid } from "./room_stage.ts";

export const CONVERSATION = ulid(2_000_000);

interface Told {
  readonly method: string;
  readonly params: { readonly version?: number; readonly conversation?: string };
}

/** A socket in one conversation: everything that it was told, in order. */
export class Listener {
  readonly told: Told[] = [];
  readonly seat: ChatSeat;

  constructor(user: number, codec: NoticeForm = json) {
    this.seat = new ChatSeat(
      ulid(user),
      {
        codec,
        send: (frame) => void this.told.push(JSON.parse(frame as string)),
        notify: (method, params) => void this.told.push({ method, params: params as Told["params"] }),
      },
      () => {},
    );
  }

  /** Versions of changes, and "stale". */
  get heard(): (number | string)[] {
    return this.told.map(({ method, params }) =>
      method === "chat.stale" ? "stale" : params.version ?? method
    );
  }
}

interface Published {
  readonly previous?: number;
  readonly members?: number;
  readonly to?: readonly number[];
  readonly epoch?: number;
}

/** One channel on a memory bus, whose conversation is played by the test. */
export class ChannelStage implements AsyncDisposable {
  readonly drops = new Drops();
  readonly failures: unknown[] = [];
  readonly #broker = new MemoryBroker({ onError: (error) => this.failures.push(error) });
  readonly #owner = this.#broker.connect();
  readonly #node = this.#broker.connect();
  readonly channel: Channel;
  /** Answers when the channel asks who of its users is a member. */
  membersAmong: (users: readonly string[]) => Promise<{ version: number; members: readonly string[] }> = () =>
    Promise.reject(new Error("not expected"));
  asked = 0;
  emptied = 0;

  constructor() {
    this.channel = new Channel({
      conversation: CONVERSATION,
      bus: this.#node,
      drops: this.drops,
      membersAmong: (_conversation, users) => {
        this.asked++;
        return this.membersAmong(users);
      },
      onEmpty: () => this.emptied++,
    });
  }

  async enter(user: number, listener: Listener = new Listener(user)) {
    const place = await this.channel.enter(listener.seat);
    listener.seat.put(CONVERSATION, place);
    return { listener, place };
  }

  /** Somebody who has synced up to a version. */
  async join(user: number, version: number, listener?: Listener): Promise<Listener> {
    const entered = await this.enter(user, listener);
    entered.place.begin(version);
    return entered.listener;
  }

  /** A message, by default the one after that with the version before. */
  publish(version: number, { previous = version - 1, members = 1, to, epoch = 1 }: Published = {}): void {
    const body = new TextEncoder().encode(JSON.stringify({ conversation: CONVERSATION, version }));
    this.#owner.publish(`barrage.v1.evt.conversation.${CONVERSATION}.changed`, body, {
      method: "chat.message",
      version: String(version),
      previous: String(previous),
      members: String(members),
      epoch: String(epoch),
      ...(to === undefined ? {} : { to: to.map(ulid).join() }),
    });
  }

  /** As a conversation tells where it stands when it has come into memory. */
  loaded(version: number, previous: number, epoch = 2): void {
    this.#owner.publish(`barrage.v1.evt.conversation.${CONVERSATION}.loaded`, new Uint8Array(), {
      version: String(version),
      previous: String(previous),
      members: String(version),
      epoch: String(epoch),
    });
  }

  typing(user: number, members = 1): void {
    const body = new TextEncoder().encode(JSON.stringify({ conversation: CONVERSATION }));
    this.#owner.publish(`barrage.v1.evt.conversation.${CONVERSATION}.typing`, body, {
      method: "chat.typing",
      from: ulid(user),
      members: String(members),
      epoch: "1",
    });
  }

  /** Everything published so far has arrived, and what that set in motion is done. */
  async settle(): Promise<void> {
    for (let hop = 0; hop < 12; hop++) await new Promise((resolve) => setImmediate(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owner[Symbol.asyncDispose]();
    await this.#node[Symbol.asyncDispose]();
  }
}
