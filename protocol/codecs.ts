import type { Codec } from "./codec.ts";
import { json } from "./json.ts";
import { msgpack } from "./msgpack.ts";

export const CODECS: readonly Codec[] = [json, msgpack];

/** The codec of the first subprotocol offered that the server speaks; JSON when none is asked for. */
export function chooseCodec(offered: readonly string[]): Codec | undefined {
  if (offered.length === 0) return json;
  for (const subprotocol of offered) {
    const codec = CODECS.find((codec) => codec.subprotocol === subprotocol);
    if (codec !== undefined) return codec;
  }
  return undefined;
}
