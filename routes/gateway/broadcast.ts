import type { Frame } from "protocol/codec.ts";
import type { Item, RoomFrame } from "protocol/items.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How a kind of viewer gets a frame on the wire: a codec of the WebSocket, or Server-Sent Events. */
export interface FrameForm {
  readonly name: string;
  wrap(method: string, params: Uint8Array, position: { readonly epoch: number; readonly to: number }): Frame;
}

/** One room frame on its way to all viewers of this node: encoded once per form, however many they are. */
export class Broadcast {
  readonly #encoded = new Map<FrameForm, Frame>();
  #read: RoomFrame | undefined;

  constructor(
    readonly epoch: number,
    readonly from: number,
    readonly to: number,
    /** Sum of the counts of its items. */
    readonly count: number,
    readonly body: Uint8Array,
  ) {}

  static of(frame: RoomFrame): Broadcast {
    const { epoch, from, to, items } = frame;
    return new Broadcast(epoch, from, to, countOf(items), encoder.encode(JSON.stringify(frame)));
  }

  /** False for frames that only carry the online count or a new state. */
  get hasItems(): boolean {
    return this.to >= this.from;
  }

  /** Reads the body, which fan-out does not: for the rare frame that is cut or asked for its state. */
  get state(): RoomFrame["state"] {
    return this.#frame().state;
  }

  /** The same frame without the items up to `offset`. */
  beyond(offset: number): Broadcast {
    const frame = this.#frame();
    return Broadcast.of({
      ...frame,
      from: offset + 1,
      items: frame.items.filter((item) => item.offset > offset),
    });
  }

  in(form: FrameForm): Frame {
    let frame = this.#encoded.get(form);
    if (frame === undefined) {
      frame = form.wrap("room.frame", this.body, this);
      this.#encoded.set(form, frame);
    }
    return frame;
  }

  /** Made by a room from its own typed frame, so it is not validated again. */
  #frame(): RoomFrame {
    return this.#read ??= JSON.parse(decoder.decode(this.body));
  }
}

function countOf(items: readonly Item[]): number {
  return items.reduce((sum, { count }) => sum + count, 0);
}
