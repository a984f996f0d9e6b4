import type { Codec, Frame } from "./codec.ts";
import { checkJsonDepth } from "./depth.ts";
import { BarrageError } from "./errors.ts";
import { SUBPROTOCOLS } from "./methods.ts";

const UTF8 = new TextDecoder();

export const json: Codec = {
  name: "json",
  subprotocol: SUBPROTOCOLS.json,

  encode(value: unknown): string {
    return JSON.stringify(value);
  },

  decode(frame: Frame): unknown {
    if (typeof frame !== "string") {
      throw new BarrageError("parse", "Cannot parse a binary frame: this socket speaks JSON text");
    }
    return decodeJson(frame);
  },

  wrapNotification(method: string, params: Uint8Array): string {
    return `{"jsonrpc":"2.0","method":${JSON.stringify(method)},"params":${UTF8.decode(params)}}`;
  },
};

/** @throws {BarrageError} `parse`. */
export function decodeJson(text: string): unknown {
  checkJsonDepth(text);
  const value = parse(text);
  // The key can only be there literally or with an escape in it, so nearly every frame skips the walk.
  if ((text.includes("__proto__") || text.includes("\\u00")) && hasProtoKey(value)) {
    throw new BarrageError("parse", "Cannot parse the frame: the key __proto__ is not allowed");
  }
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BarrageError("parse", `Cannot parse the frame: ${complaint(error)}`);
  }
}

/** The parser's complaint without the piece of input it quotes, which may hold a token. */
function complaint(error: unknown): string {
  if (!(error instanceof SyntaxError)) throw error;
  if (error.message.startsWith("Unexpected end")) return "the JSON ends too early";
  const position = /position (\d+)/.exec(error.message)?.[1];
  return position === undefined ? "it is not JSON" : `it is not JSON at position ${position}`;
}

function hasProtoKey(value: unknown): boolean {
  const waiting = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== "object" || next === null) continue;
    if (Object.hasOwn(next, "__proto__")) return true;
    for (const child of Object.values(next)) waiting.push(child);
  }
  return false;
}
