/** How frames travel. An app may plug in MessagePack with `protocol: "barrage.v1.msgpack"`. */
export interface Codec {
  readonly protocol: string;
  encode(frame: unknown): string | Uint8Array<ArrayBuffer>;
  decode(data: string | Uint8Array<ArrayBuffer>): unknown;
}

export const jsonCodec: Codec = {
  protocol: "barrage.v1.json",
  encode: (frame) => JSON.stringify(frame),
  decode: (data) => JSON.parse(typeof data === "string" ? data : new TextDecoder().decode(data)),
};
