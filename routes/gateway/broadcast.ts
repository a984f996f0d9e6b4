import type { Frame } from "protocol/codec.ts";

/** How a kind of viewer gets a frame on the wire: a codec of the WebSocket, or Server-Sent Events. */
export interface FrameForm {
  readonly name: string;
  wrap(method: string, params: Uint8Array, position: { readonly epoch: number; readonly to: number }): Frame;
}

/** One room frame on its way to all viewers of this node: encoded once per form, however many they are. */
export class Broadcast {
  readonly #encoded = new Map<FrameForm, Frame>();

  constructor(
    readonly epoch: number,
    readonly from: number,
    readonly to: number,
    /** Sum of the counts of its items. */
    readonly count: number,
    readonly body: Uint8Array,
  ) {}

  /** False for frames that only carry the online count or a new state. */
  get hasItems(): boolean {
    return this.to >= this.from;
  }

  in(form: FrameForm): Frame {
    let frame = this.#encoded.get(form);
    if (frame === undefined) {
      frame = form.wrap("room.frame", this.body, this);
      this.#encoded.set(form, frame);
    }
    return frame;
  }
}
