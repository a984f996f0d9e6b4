import { headers as createHeaders, type Msg, type MsgHdrs } from "nats";
import type { BusMessage, Headers } from "./bus.ts";
import { NO_HEADERS } from "./message.ts";

/** Undefined where there are none: an empty block of headers would not be a valid message. */
export function encodeHeaders(headers: Headers): MsgHdrs | undefined {
  if (headers === NO_HEADERS) return undefined;
  const entries = Object.entries(headers);
  if (entries.length === 0) return undefined;
  const encoded = createHeaders();
  for (const [name, value] of entries) encoded.append(name, value);
  return encoded;
}

/** What the bus hands on. Its bytes are a view of what came in the same read: whoever keeps them for long, copies. */
export function decodeMessage(message: Msg, subject: string, respond: BusMessage["respond"]): BusMessage {
  const { buffer, byteOffset, byteLength } = message.data;
  // A Buffer, which nats.js gives, has a slice() that does not copy.
  const data = new Uint8Array(buffer, byteOffset, byteLength);
  return { subject, data, headers: decodeHeaders(message.headers), respond };
}

function decodeHeaders(headers: MsgHdrs | undefined): Headers {
  if (headers === undefined) return NO_HEADERS;
  const decoded: Record<string, string> = {};
  for (const name of headers.keys()) decoded[name] = headers.last(name);
  return decoded;
}
