import { BarrageError } from "protocol/errors.ts";
import { BUS_MAX_BYTES, type Headers } from "./bus.ts";
import { checkSubject } from "./subjects.ts";

/** A message on its way through the broker. */
export interface Envelope {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: Headers;
  readonly bytes: number;
  readonly asker?: Asker;
}

/** Where the answer to one request goes. */
export interface Asker {
  answer(data: Uint8Array, headers: Headers, bytes: number): void;
  nobody(): void;
}

export const NO_HEADERS: Headers = Object.freeze({});
const ASCII = /^[\x20-\x7e]*$/;
const HEADER_NAME = /^[\x21-\x39\x3b-\x7e]+$/;

/** Checks and copies, so that the caller may reuse its buffer at once. */
export function envelop(subject: string, data: Uint8Array, headers: Headers): Envelope {
  checkSubject(subject);
  const bytes = data.byteLength + headerBytes(headers);
  if (bytes > BUS_MAX_BYTES) {
    throw new BarrageError("too_large", `Cannot send ${bytes} bytes: the bus takes ${BUS_MAX_BYTES}`);
  }
  const copy = headers === NO_HEADERS ? NO_HEADERS : Object.freeze({ ...headers });
  return { subject, data: new Uint8Array(data), headers: copy, bytes };
}

function headerBytes(headers: Headers): number {
  if (headers === NO_HEADERS) return 0;
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (!HEADER_NAME.test(name) || !ASCII.test(value)) {
      throw new BarrageError(
        "invalid_request",
        `Cannot send header ${JSON.stringify(name)}: it must be ASCII`,
      );
    }
    bytes += name.length + value.length;
  }
  return bytes;
}
