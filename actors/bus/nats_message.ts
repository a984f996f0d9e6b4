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

/** What the bus hands on. Its bytes are its own; those of nats.js are a view of all that came in the same read. */
export function decodeMessage(
  message: Msg,
  subject: string,
  respond: BusMessage["respond"],
): BusMessage {
  return { subject, data: new Uint8Array(message.data), headers: decodeHeaders(message.headers), respond };
}

function decodeHeaders(headers: MsgHdrs | undefined): Headers {
  if (headers === undefined) return NO_HEADERS;
  const decoded: Record<string, string> = {};
  for (const name of headers.keys()) decoded[name] = headers.last(name);
  return decoded;
}
