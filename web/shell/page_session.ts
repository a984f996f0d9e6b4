import { BarrageCallError, refresh, register, signIn, signOut } from "client/mod.ts";
import { Emitter } from "client/emitter.ts";
import { leadOf } from "client/renewal.ts";
import type { SignedIn } from "protocol/accounts.ts";
import { isRecord, load, remove, save } from "./saved.ts";

type User = SignedIn["user"];

/** What this browser knows of its session; the tokens are in cookies that no script can read. */
interface Known {
  readonly user: User;
  readonly session: string;
  /** Milliseconds since 1970. */
  readonly refreshAt: number;
  readonly endsAt: number;
}

export interface PageSessionEvents {
  /** There is a newer token, and perhaps another name. */
  renewed: [];
  /** The server has ended it, or another tab has. */
  ended: [];
  /** Another tab has signed in. */
  replaced: [];
}

interface Credentials {
  readonly login: string;
  readonly password: string;
}

const REQUEST_MS = 10_000;
const AGAIN_MS = 5_000;
const TIMER_MAX_MS = 2 ** 31 - 1;

/**
 * The session of everybody at this browser. One tab refreshes for all, when it is time; the others hear of it. Where
 * tabs cannot agree they all refresh, which the server takes for what it is.
 */
export class PageSession {
  readonly #events = new Emitter<PageSessionEvents>();
  readonly #channel = new BroadcastChannel("barrage.session");
  #known = load("session", isKnown);
  /** For sockets that are open already; a new one takes the cookie. */
  #access: { readonly token: string; readonly refreshAt: number } | undefined;
  #refreshing: Promise<void> | undefined;
  #leaving = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    if (this.#known && this.#known.endsAt <= Date.now()) this.#keep(undefined);
    this.#channel.addEventListener("message", ({ data }) => this.#heard(data));
    // A tab that was frozen has heard nothing.
    document.addEventListener("visibilitychange", () => document.hidden || this.#look());
    addEventListener("pageshow", ({ persisted }) => persisted && this.#look());
    this.#plan();
  }

  get user(): User | undefined {
    return this.#known?.user;
  }

  on<Name extends keyof PageSessionEvents>(
    name: Name,
    listener: (...args: PageSessionEvents[Name]) => void,
  ): void {
    this.#events.on(name, listener);
  }

  async signIn(credentials: Credentials): Promise<void> {
    this.#take(await signIn({ ...reach(), ...credentials, transport: "cookie" }));
  }

  /** @param account With a guest's token the guest becomes the account. */
  async register(account: Credentials & { name?: string; guest?: string | undefined }): Promise<void> {
    this.#take(await register({ ...reach(), ...account, transport: "cookie" }));
  }

  /** Takes over the session whose cookies were set on the way back from another provider. */
  async adopt(): Promise<void> {
    this.#take(await refresh(reach()));
  }

  async signOut(): Promise<void> {
    await this.leave(() => signOut(reach()));
  }

  /** Ends the session by `act`; that it has ended is no news then. */
  async leave(act: () => Promise<void>): Promise<void> {
    this.#leaving = true;
    try {
      await act();
      this.#forget();
    } finally {
      this.#leaving = false;
    }
  }

  /** The account has another name, which this token tells. */
  renamed(user: User, token: string | undefined): void {
    const known = this.#known;
    if (known === undefined) return;
    if (token !== undefined) this.#access = { token, refreshAt: known.refreshAt };
    this.#keep({ ...known, user });
    this.#tell();
  }

  /** Sees to it that the cookies are good for a while. @throws {BarrageCallError} `unauthenticated` at the end. */
  async fresh({ rejected }: { rejected: boolean } = { rejected: false }): Promise<void> {
    if (!rejected && this.#known && Date.now() < this.#known.refreshAt) return;
    this.#refreshing ??= this.#refresh().finally(() => this.#refreshing = undefined);
    await this.#refreshing;
  }

  /** For `Barrage`; undefined leaves it to the cookie. */
  async getToken(asked: { rejected: boolean }): Promise<string | undefined> {
    await this.fresh(asked);
    return this.#access && Date.now() < this.#access.refreshAt ? this.#access.token : undefined;
  }

  async #refresh(): Promise<void> {
    const before = this.#known;
    if (before === undefined) throw new BarrageCallError("unauthenticated", "Sign in first");
    await alone("barrage.refresh", async () => {
      // Another tab was quicker.
      if (this.#known?.refreshAt !== before.refreshAt) return;
      const known = load("session", isKnown);
      if (known?.refreshAt !== before.refreshAt) return this.#follow(known);
      try {
        this.#take(await refresh(reach()));
      } catch (error) {
        if (!(error instanceof BarrageCallError)) throw error;
        if (error.reason === "unauthenticated") this.#end();
        // Somebody has done so less than a minute ago: the cookies are fresh.
        if (error.reason !== "rate_limited") throw error;
        this.#keep({ ...before, refreshAt: Date.now() + (error.retryAfterMs ?? AGAIN_MS) });
      }
    });
  }

  #take({ user, session, token, expiresInMs, sessionEndsInMs }: SignedIn): void {
    const now = Date.now();
    const refreshAt = now + expiresInMs - leadOf(expiresInMs);
    this.#access = { token, refreshAt };
    this.#keep({ user, session, refreshAt, endsAt: now + sessionEndsInMs });
    this.#tell();
  }

  #tell(): void {
    this.#channel.postMessage({ known: this.#known, access: this.#access });
    this.#events.emit("renewed");
  }

  /** The message says it all: what another tab has just stored may not be there to be read yet. */
  #heard(told: unknown): void {
    if (!isRecord(told)) return;
    if (isAccess(told.access)) this.#access = told.access;
    this.#follow(isKnown(told.known) ? told.known : undefined);
  }

  #look(): void {
    this.#follow(load("session", isKnown));
  }

  /** Goes on as another tab has. */
  #follow(known: Known | undefined): void {
    const before = this.#known;
    this.#known = known;
    this.#plan();
    if (before?.session === known?.session) return void (known && this.#events.emit("renewed"));
    if (known !== undefined) this.#events.emit("replaced");
    else if (!this.#leaving) this.#events.emit("ended");
  }

  #forget(): void {
    this.#keep(undefined);
    this.#channel.postMessage({});
  }

  #end(): void {
    this.#forget();
    if (!this.#leaving) this.#events.emit("ended");
  }

  #keep(known: Known | undefined): void {
    this.#known = known;
    if (known === undefined) {
      this.#access = undefined;
      remove("session");
    } else {
      save("session", known);
    }
    this.#plan();
  }

  #plan(atLeastMs = 0): void {
    clearTimeout(this.#timer);
    if (this.#known === undefined) return;
    const inMs = Math.max(atLeastMs, this.#known.refreshAt - Date.now());
    this.#timer = setTimeout(() => this.#due(), Math.min(inMs, TIMER_MAX_MS));
  }

  async #due(): Promise<void> {
    try {
      await this.fresh();
    } catch (error) {
      console.info("Cannot refresh the session", error);
      this.#plan(AGAIN_MS);
    }
  }
}

function reach() {
  return { url: location.origin, signal: AbortSignal.timeout(REQUEST_MS) };
}

/** One tab at a time. Over plain HTTP, but at localhost, browsers have no locks. */
async function alone(name: string, act: () => Promise<void>): Promise<void> {
  const { locks } = navigator as { readonly locks?: LockManager };
  if (locks === undefined) await act();
  else await locks.request(name, act);
}

function isKnown(value: unknown): value is Known {
  return isRecord(value) && isRecord(value.user) && typeof value.user.id === "string" &&
    typeof value.user.name === "string" && typeof value.session === "string" &&
    typeof value.refreshAt === "number" && typeof value.endsAt === "number";
}

function isAccess(value: unknown): value is { token: string; refreshAt: number } {
  return isRecord(value) && typeof value.token === "string" && typeof value.refreshAt === "number";
}
