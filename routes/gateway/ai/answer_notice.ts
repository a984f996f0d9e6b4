import type { BusMessage } from "actors/bus/bus.ts";
import type { Codec, Frame } from "protocol/codec.ts";

export type NoticeForm = Pick<Codec, "wrapNotification">;

const decoder = new TextDecoder();

/** An event of an answer: encoded once per codec, however many read it, and parsed only for those who need that. */
export class AnswerNotice {
  readonly kind: string;
  readonly epoch: number;
  readonly attempt: number;
  readonly offset: number;
  /** Characters of text in it. */
  readonly length: number;
  readonly #data: Uint8Array;
  readonly #encoded = new Map<NoticeForm, Frame>();
  #params: unknown;

  constructor({ subject, data, headers }: Pick<BusMessage, "subject" | "data" | "headers">) {
    this.kind = subject.slice(subject.lastIndexOf(".") + 1);
    this.epoch = Number(headers["epoch"]);
    this.attempt = Number(headers["attempt"]);
    this.offset = Number(headers["offset"]);
    this.length = Number(headers["length"]);
    this.#data = data;
  }

  /** Where it ends, for text. */
  get end(): number {
    return this.offset + this.length;
  }

  /** As nodes of this server wrote it. */
  params<P>(): P {
    return (this.#params ??= JSON.parse(decoder.decode(this.#data))) as P;
  }

  in(form: NoticeForm): Frame {
    let frame = this.#encoded.get(form);
    if (frame === undefined) {
      frame = form.wrapNotification(`ai.${this.kind}`, this.#data);
      this.#encoded.set(form, frame);
    }
    return frame;
  }
}
