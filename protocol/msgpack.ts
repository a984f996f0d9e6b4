import { Decoder, Encoder } from "@msgpack/msgpack";
import type { Codec, Frame } from "./codec.ts";
import { BarrageError } from "./errors.ts";
import { decodeJson } from "./json.ts";
import { SUBPROTOCOLS } from "./methods.ts";
import { scanMsgpack } from "./msgpack_scan.ts";

// As JSON does, a property that is undefined is left out.
const encoder = new Encoder({ ignoreUndefined: true });

// The gateway bounds the frame; these bound what a decoder used elsewhere may be made to build.
const LENGTH_MAX = 1_048_576;
const decoder = new Decoder({
  maxStrLength: LENGTH_MAX,
  maxBinLength: LENGTH_MAX,
  maxArrayLength: LENGTH_MAX,
  maxMapLength: LENGTH_MAX,
  maxExtLength: 0,
});

const UTF8 = new TextDecoder();

export const msgpack: Codec = {
  name: "msgpack",
  subprotocol: SUBPROTOCOLS.msgpack,

  encode(value: unknown): Uint8Array {
    return encoder.encode(value);
  },

  decode(frame: Frame): unknown {
    if (typeof frame === "string") {
      throw new BarrageError("parse", "Cannot parse a text frame: this socket speaks binary MessagePack");
    }
    scanMsgpack(frame);
    return read(frame);
  },

  wrapNotification(method: string, params: Uint8Array): Uint8Array {
    return encoder.encode({ jsonrpc: "2.0", method, params: decodeJson(UTF8.decode(params)) });
  },
};

function read(bytes: Uint8Array): unknown {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new BarrageError("parse", "Cannot parse the frame: it is not MessagePack", { cause });
  }
}
