import type { FrameForm } from "routes/gateway/broadcast.ts";
import type { Viewer } from "routes/gateway/seat.ts";
import type { Frame } from "protocol/codec.ts";
import { RoomFrame } from "protocol/items.ts";
import { json } from "protocol/json.ts";

export const JSON_FORM: FrameForm = {
  name: "json",
  wrap: (method, params) => json.wrapNotification(method, params),
};

/** Keeps every frame it is sent. */
export class TestViewer implements Viewer {
  readonly sent: Frame[] = [];
  readonly frames: RoomFrame[] = [];

  constructor(readonly form: FrameForm = JSON_FORM) {}

  send(frame: Frame): void {
    this.sent.push(frame);
    if (this.form === JSON_FORM && typeof frame === "string") this.frames.push(read(frame));
  }

  get offsets(): number[] {
    return this.frames.flatMap(({ items }) => items.map(({ offset }) => offset));
  }

  get delivered(): number {
    return this.frames.reduce((sum, { items }) => sum + items.reduce((all, { count }) => all + count, 0), 0);
  }

  get dropped(): number {
    return this.frames.reduce((sum, { dropped }) => sum + (dropped?.say ?? 0), 0);
  }
}

function read(frame: string): RoomFrame {
  const { method, params } = JSON.parse(frame);
  if (method !== "room.frame") throw new Error(`Cannot read a frame: it is a ${method}`);
  return RoomFrame.parse(params);
}
