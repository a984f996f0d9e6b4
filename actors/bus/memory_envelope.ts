import type { Headers } from "./bus.ts";
import { checkMessage, NO_HEADERS } from "./message.ts";

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

/** Checks and copies, so that the caller may reuse its buffer at once. */
export function envelop(subject: string, data: Uint8Array, headers: Headers): Envelope {
  const bytes = checkMessage(subject, data, headers);
  const copy = headers === NO_HEADERS ? NO_HEADERS : Object.freeze({ ...headers });
  return { subject, data: new Uint8Array(data), headers: copy, bytes };
}
