import { DEPTH_MAX, tooDeep } from "./depth.ts";
import { BarrageError } from "./errors.ts";

type Kind = "scalar" | "string" | "binary" | "array" | "map" | "extension";

/** A value's first byte (github.com/msgpack/msgpack/blob/master/spec.md): its length, or how many bytes hold that. */
interface Head {
  readonly kind: Kind;
  readonly length?: number;
  readonly lengthBytes?: 1 | 2 | 4;
}

const PROTO = new TextEncoder().encode("__proto__");

/**
 * Reads the structure without building anything: a few bytes may claim millions of elements, and the decoder makes
 * room for what is claimed.
 * @throws {BarrageError} `parse` for what is cut off, trails, is nested too deep, is an extension type, or has a map
 * key that is not a string or is `__proto__`.
 */
export function scanMsgpack(bytes: Uint8Array, maxDepth: number = DEPTH_MAX): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const open: Container[] = [];
  let offset = 0;
  do {
    const container = open.at(-1);
    const key = container?.next() ?? false;
    const head = headOf(take(bytes, offset, 1)[0] ?? 0);
    offset++;
    const lengthBytes = head.lengthBytes ?? 0;
    take(bytes, offset, lengthBytes);
    const length = head.length ?? readLength(view, offset, lengthBytes);
    offset += lengthBytes;
    if (key && head.kind !== "string") throw refuse("a map key is not a string");
    switch (head.kind) {
      case "extension":
        throw refuse("extension types are not allowed");
      case "scalar":
      case "binary":
      case "string": {
        const content = take(bytes, offset, length);
        if (key && isProto(content)) throw refuse("the key __proto__ is not allowed");
        offset += length;
        break;
      }
      case "array":
      case "map": {
        const values = head.kind === "map" ? length * 2 : length;
        // Every element takes a byte at least.
        take(bytes, offset, values);
        if (open.length >= maxDepth) throw tooDeep(maxDepth);
        open.push(new Container(values, head.kind === "map"));
      }
    }
    while (open.at(-1)?.done === true) open.pop();
  } while (open.length > 0);
  if (offset !== bytes.byteLength) throw refuse("bytes follow the value");
}

class Container {
  #left: number;
  readonly #map: boolean;

  constructor(values: number, map: boolean) {
    this.#left = values;
    this.#map = map;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  /** Steps to the next value and tells whether it is a map key. */
  next(): boolean {
    return this.#left-- % 2 === 0 && this.#map;
  }
}

function headOf(byte: number): Head {
  if (byte <= 0x7f || byte >= 0xe0) return scalar(0);
  if (byte <= 0x8f) return { kind: "map", length: byte & 0x0f };
  if (byte <= 0x9f) return { kind: "array", length: byte & 0x0f };
  if (byte <= 0xbf) return { kind: "string", length: byte & 0x1f };
  const head = HEADS[byte - 0xc0];
  if (head === undefined) throw refuse(`0x${byte.toString(16)} begins no value`);
  return head;
}

function scalar(length: number): Head {
  return { kind: "scalar", length };
}

function sized(kind: Kind, ...widths: readonly (1 | 2 | 4)[]): Head[] {
  return widths.map((lengthBytes) => ({ kind, lengthBytes }));
}

// 0xc0 to 0xdf, in order.
const HEADS: readonly (Head | undefined)[] = [
  ...[scalar(0), undefined, scalar(0), scalar(0)], // nil, never used, false, true
  ...sized("binary", 1, 2, 4),
  ...sized("extension", 1, 2, 4),
  ...[4, 8].map(scalar), // float
  ...[1, 2, 4, 8].map(scalar), // unsigned
  ...[1, 2, 4, 8].map(scalar), // signed
  ...[1, 2, 4, 8, 16].map((length): Head => ({ kind: "extension", length })),
  ...sized("string", 1, 2, 4),
  ...sized("array", 2, 4),
  ...sized("map", 2, 4),
];

function readLength(view: DataView, offset: number, wide: number): number {
  switch (wide) {
    case 1:
      return view.getUint8(offset);
    case 2:
      return view.getUint16(offset);
    default:
      return view.getUint32(offset);
  }
}

function take(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  if (offset + length > bytes.byteLength) throw refuse("the MessagePack ends too early");
  return bytes.subarray(offset, offset + length);
}

function isProto(content: Uint8Array): boolean {
  return content.byteLength === PROTO.byteLength && content.every((byte, index) => byte === PROTO[index]);
}

function refuse(why: string): BarrageError {
  return new BarrageError("parse", `Cannot parse the frame: ${why}`);
}
