/** Which message a body belongs to: sealed for one, it opens for no other. */
export interface BodyPlace {
  readonly conversation: string;
  readonly seq: number;
}

export interface SealedBody {
  readonly body: string;
  /** Of the key it is sealed with; null when it lies open. */
  readonly keyVersion: number | null;
}

/** How the bodies of messages lie in the database. */
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
