import type { BusMessage } from "actors/bus/bus.ts";
import type { Codec, Frame } from "protocol/codec.ts";

export type NoticeForm = Pick<Codec, "wrapNotification">;

/** A notification on its way to the sockets of this node: encoded once per codec, however many they are. */
class Notice {
  readonly #encoded = new Map<NoticeForm, Frame>();

  constructor(readonly method: string, readonly params: Uint8Array) {}

  in(form: NoticeForm): Frame {
    let frame = this.#encoded.get(form);
    if (frame === undefined) {
      frame = form.wrapNotification(this.method, this.params);
      this.#encoded.set(form, frame);
    }
    return frame;
  }
}

interface Change {
  readonly epoch: number;
  readonly version: number;
  /** Version of the change for all before this one. */
  readonly previous: number;
  /** Since that version nobody has come or gone. */
  readonly members: number;
  /** Ids of the only users it is for; undefined when it is for all. */
  readonly to: ReadonlySet<string> | undefined;
  /** Ids of members who are shown nothing of it and miss nothing; undefined for none. */
  readonly hidden: ReadonlySet<string> | undefined;
}

/** A change of a conversation, or only word of where it stands. */
export class ChatEvent extends Notice {
  constructor(method: string, params: Uint8Array, readonly change: Change) {
    super(method, params);
  }

  static of({ data, headers }: BusMessage): ChatEvent {
    const { method = "", epoch, version, previous, members, to, hidden } = headers;
    return new ChatEvent(method, data, {
      epoch: Number(epoch),
      version: Number(version),
      previous: Number(previous),
      members: Number(members),
      to: to === undefined ? undefined : new Set(to.split(",")),
      hidden: hidden === undefined ? undefined : new Set(hidden.split(",")),
    });
  }

  /** Whether somebody came or went by this very change. */
  get movesMembers(): boolean {
    return this.change.members === this.change.version;
  }

  get isPosition(): boolean {
    return this.method === "";
  }
}

/** What is worth nothing later: shown to the others who are there, or to nobody. */
export class PassingEvent extends Notice {
  constructor(
    method: string,
    params: Uint8Array,
    /** As in a change. */
    readonly members: number,
    /** Id of the user it comes from, who is not told. */
    readonly from: string,
  ) {
    super(method, params);
  }

  static of({ data, headers }: BusMessage): PassingEvent {
    const { method = "", members, from = "" } = headers;
    return new PassingEvent(method, data, Number(members), from);
  }
}
