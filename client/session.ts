import type { SignedIn } from "protocol/accounts.ts";
import { ERRORS } from "protocol/errors.ts";
import { refresh, register, signIn, signOut } from "./accounts.ts";
import { backoff } from "./backoff.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Emitter } from "./emitter.ts";
import { BarrageCallError } from "./errors.ts";
import { leadOf } from "./renewal.ts";
import { MemorySessionStore, type SessionStore, type StoredSession } from "./session_store.ts";

export interface SessionOptions {
  /** The server's address, `https://host`. */
  readonly url: string | URL;
  /** @default {new MemorySessionStore()} */
  readonly store?: SessionStore;
  /** Its `now` must be in milliseconds since 1970. */
  readonly clock?: Clock;
  readonly random?: () => number;
}

export interface SessionEvents {
  signedIn: [StoredSession["user"]];
  /** `byServer`: it was not this program that ended the session. */
  signedOut: [{ byServer: boolean }];
}

interface Credentials {
  readonly login: string;
  readonly password: string;
}

const REQUEST_MS = 10_000;
/** With backoff between them they stay within the minute in which the server repeats an answer that got lost. */
const TRIES = 6;

const wallClock: Clock = { ...systemClock, now: () => Date.now() };

/** A sign-in of a program: keeps its tokens in a store and fetches new ones in time. */
export class Session {
  readonly #url: string | URL;
  readonly #store: SessionStore;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #events = new Emitter<SessionEvents>();
  #held: StoredSession | undefined;
  #refreshing: Promise<string> | undefined;
  #saved: Promise<void> = Promise.resolve();

  private constructor({ url, store, clock, random }: SessionOptions, held: StoredSession | undefined) {
    this.#url = url;
    this.#store = store ?? new MemorySessionStore();
    this.#clock = clock ?? wallClock;
    this.#random = random ?? Math.random;
    this.#held = held;
  }

  /** Signed in already when the store has a session. */
  static async open(options: SessionOptions): Promise<Session> {
    return new Session(options, await options.store?.load());
  }

  get user(): StoredSession["user"] | undefined {
    return this.#held?.user;
  }

  on<Name extends keyof SessionEvents>(
    name: Name,
    listener: (...args: SessionEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener);
  }

  /** @throws {BarrageCallError} as the function `signIn`. */
  async signIn(credentials: Credentials): Promise<void> {
    await this.#begin(await signIn({ ...this.#reach(), ...credentials }));
  }

  /** @throws {BarrageCallError} as the function `register`. */
  async register(account: Credentials & { readonly name?: string; readonly guest?: string }): Promise<void> {
    await this.#begin(await register({ ...this.#reach(), ...account }));
  }

  /**
   * Forgets the session here, then ends it on the server.
   * @throws {BarrageCallError} when the server was not told: there it goes on until it has been idle for too long.
   */
  async signOut(): Promise<void> {
    const held = this.#held;
    if (held === undefined) return;
    await this.#keep(undefined);
    this.#events.emit("signedOut", { byServer: false });
    await signOut({ ...this.#reach(), token: held.accessToken, ...tokensOf(held) });
  }

  /**
   * The option of the same name for `Barrage`. However many ask at once, one refresh serves them all.
   * @throws {BarrageCallError} `unauthenticated` when nobody is signed in any more.
   */
  readonly getToken = ({ rejected }: { rejected: boolean } = { rejected: false }): Promise<string> => {
    this.#refreshing ??= this.#fresh(rejected ? this.#held?.accessToken : undefined)
      .finally(() => this.#refreshing = undefined);
    return this.#refreshing;
  };

  /**
   * An access token that is not about to end, and not the rejected one. A lost answer is asked for again with the same
   * refresh token: within a minute the server gives the same successor.
   */
  async #fresh(rejected: string | undefined): Promise<string> {
    const isGood = (held: StoredSession) =>
      held.accessToken !== rejected && this.#clock.now() < held.refreshAt;
    for (let attempt = 0;; attempt++) {
      if (this.#held && isGood(this.#held)) return this.#held.accessToken;
      const held = await this.#latest();
      if (held === undefined) throw new BarrageCallError("unauthenticated", "Sign in first");
      if (isGood(held)) return held.accessToken;
      try {
        const signedIn = await refresh({ ...this.#reach(), ...tokensOf(held) });
        // Unless somebody has signed in or out meanwhile.
        if (this.#held === held) await this.#keep(this.#stored(signedIn));
      } catch (error) {
        if (!(error instanceof BarrageCallError)) throw error;
        if (this.#held !== held) continue;
        // The one held is younger than a minute: it was an older one that was rejected.
        if (error.reason === "rate_limited") return held.accessToken;
        if (error.reason === "unauthenticated") await this.#ended();
        if (!ERRORS[error.reason].retry || attempt + 1 >= TRIES) throw error;
        await this.#sleep(error.retryAfterMs ?? backoff(attempt, this.#random));
      }
    }
  }

  /** Another program with the same store may have been quicker. */
  async #latest(): Promise<StoredSession | undefined> {
    const held = this.#held;
    await this.#saved;
    const stored = await this.#store.load();
    if (held === this.#held && held !== undefined && stored !== undefined) this.#held = stored;
    return this.#held;
  }

  async #begin(signedIn: SignedIn): Promise<void> {
    await this.#keep(this.#stored(signedIn));
    this.#events.emit("signedIn", signedIn.user);
  }

  async #ended(): Promise<void> {
    await this.#keep(undefined);
    this.#events.emit("signedOut", { byServer: true });
  }

  #stored(signedIn: SignedIn): StoredSession {
    const { user, session, token, expiresInMs, refreshToken, deviceToken } = signedIn;
    if (refreshToken === undefined || deviceToken === undefined) {
      throw new BarrageCallError("internal", "Cannot keep the session: the answer has no tokens");
    }
    const refreshAt = this.#clock.now() + expiresInMs - leadOf(expiresInMs);
    return { user, session, accessToken: token, refreshAt, refreshToken, deviceToken };
  }

  /** One after the other, so that what was kept last is what the store has. */
  #keep(session: StoredSession | undefined): Promise<void> {
    this.#held = session;
    const saved = this.#saved.then(() => this.#store.save(session));
    this.#saved = saved.catch(() => {});
    return saved;
  }

  #reach() {
    return { url: this.#url, signal: AbortSignal.timeout(REQUEST_MS) };
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.set(resolve, ms));
  }
}

function tokensOf({ refreshToken, deviceToken }: StoredSession) {
  return { refreshToken, deviceToken };
}
