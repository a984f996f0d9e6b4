/** What a body belongs to, a message or a part of an answer or a thread: sealed for one, it opens for no other. */
export type BodyPlace =
  | { readonly conversation: string; readonly seq: number }
  | { readonly answer: string; readonly part: "request" | "text" }
  | { readonly thread: string; readonly part: "title" | number };

export interface SealedBody {
  readonly body: string;
  /** Of the key it is sealed with; null when it lies open. */
  readonly keyVersion: number | null;
}

/** How the bodies of messages, and what people and assistants say to each other, lie in the database. */
export interface BodyCipher {
  /** Of the key that seals; null when nothing is sealed. */
  readonly keyVersion: number | null;
  seal(place: BodyPlace, body: string): SealedBody;
  /** @throws {Error} when its key is missing, or it was sealed for another place or changed. */
  open(place: BodyPlace, sealed: SealedBody): string;
}

export const PLAIN_BODIES: BodyCipher = {
  keyVersion: null,
  seal: (_place, body) => ({ body, keyVersion: null }),
  open(_place, { body, keyVersion }) {
    if (keyVersion !== null) throw new Error(`Cannot read a message: it needs message key ${keyVersion}`);
    return body;
  },
};
