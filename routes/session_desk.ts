import type { Context } from "hono";
import type { SessionTokens, SignedIn, SiteRole, Transport } from "protocol/accounts.ts";
import { BarrageError } from "protocol/errors.ts";
import type { User } from "protocol/users.ts";
import { accountActor, type AccountVerbs } from "actors/account/definition.ts";
import { ANONYMOUS, type Caller, type Standing } from "actors/runtime/caller.ts";
import type { Input } from "actors/runtime/definition.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { AccountStore } from "storage/account_storage.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Cookies } from "./cookies.ts";
import type { HttpEnv } from "./http_app.ts";
import type { KnownBrowsers } from "./known_browsers.ts";
import type { Member } from "./members.ts";
import type { Origin } from "./origin.ts";
import {
  digest,
  formatRefreshToken,
  parseRefreshToken,
  randomSecret,
  type RefreshToken,
  successorOf,
} from "./refresh_tokens.ts";
import type { Tokens } from "./tokens.ts";

export interface SessionDeskParts {
  readonly node: ActorNode;
  readonly accounts: Pick<AccountStore, "read">;
  readonly tokens: Pick<Tokens, "issueAccess">;
  readonly cookies: Cookies;
  readonly origin: Origin;
  readonly arrivals: Arrivals;
  readonly known: Pick<KnownBrowsers, "remember">;
}

type Credentials = Pick<Input<AccountVerbs["signIn"]>, "proof" | "rehashed">;

/** A session that is signed in, and what its holder needs to go on. */
interface Held {
  readonly user: User;
  readonly role: SiteRole;
  readonly session: string;
  readonly endsAt: number;
  readonly refreshToken: RefreshToken;
  readonly deviceToken: string;
}

/** Begins sessions, prolongs and ends them, and hands their tokens out: to browsers by cookie, to programs in the answer. */
export class SessionDesk {
  readonly #parts: SessionDeskParts;

  constructor(parts: SessionDeskParts) {
    this.#parts = parts;
  }

  /**
   * Before anything is done for a request whose answer may set cookies.
   * @throws {BarrageError} `forbidden` when another site may have made the browser send it.
   */
  admit(request: Request, transport: Transport): void {
    if (transport === "cookie") this.#parts.origin.require(request);
  }

  /** With nothing that was there before: what somebody planted before the sign-in is worth nothing after it. */
  async begin(
    c: Context<HttpEnv>,
    account: string,
    credentials: Credentials,
    transport: Transport,
  ): Promise<SignedIn> {
    const { node, arrivals, known } = this.#parts;
    const { arrival, deviceToken } = arrivals.first(c.req.raw, c.env.address);
    const session = node.ports.ids.next();
    const refreshToken = { account, session, secret: randomSecret() };
    const opened = await node.ref(accountActor, account, ANONYMOUS).signIn({
      ...credentials,
      session,
      refreshHash: digest(refreshToken.secret),
      arrival,
    });
    if (transport === "cookie") {
      await this.#endPresented(c, {});
      await known.remember(c, account);
    }
    return await this.#hand(c, { ...opened, refreshToken, deviceToken }, transport);
  }

  /** @throws {BarrageError} `unauthenticated` whatever is wrong with the tokens; `rate_limited` when it is too early. */
  async refresh(c: Context<HttpEnv>, body: SessionTokens): Promise<SignedIn> {
    const transport = body.refreshToken === undefined ? "cookie" : "body";
    this.admit(c.req.raw, transport);
    const token = await this.#known(this.#presented(c, body));
    if (token === undefined) throw new BarrageError("unauthenticated", "The session has ended");
    const { node, arrivals } = this.#parts;
    const { arrival, deviceToken } = arrivals.again(c.req.raw, c.env.address, body.deviceToken);
    const salt = randomSecret();
    const opened = await node.ref(accountActor, token.account, ANONYMOUS).refresh({
      session: token.session,
      presentedHash: digest(token.secret),
      salt,
      nextHash: digest(successorOf(token, salt).secret),
      arrival,
    });
    // Another salt than ours when somebody has refreshed with the same token before.
    const refreshToken = successorOf(token, opened.salt);
    return await this.#hand(c, { ...opened, refreshToken, deviceToken }, transport);
  }

  /** A token that tells the new name at once; it lasts no longer than the one it takes the place of. */
  async rename(
    c: Context<HttpEnv>,
    { caller: { standing, session }, expiresAt: notAfter }: Member,
    user: User,
  ): Promise<Pick<SignedIn, "token" | "expiresInMs">> {
    const { node, tokens, cookies } = this.#parts;
    const { token, expiresAt } = await tokens.issueAccess({ user, standing, session }, notAfter);
    const expiresInMs = expiresAt - node.ports.clock.now();
    // Whoever sent a cookie has to get one.
    if (!c.req.raw.headers.has("authorization")) cookies.set(c, "access", token, expiresInMs);
    c.header("cache-control", "no-store");
    return { token, expiresInMs };
  }

  /** Ends the caller's session, or else the one whose refresh token is shown. */
  async end(c: Context<HttpEnv>, caller: Caller, body: SessionTokens): Promise<void> {
    if (caller.kind !== "user" || caller.standing === "guest") return await this.#endPresented(c, body);
    const account = this.#parts.node.ref(accountActor, caller.user.id, caller);
    await account.signOut({ which: "one", session: caller.session });
  }

  /** Takes the cookies of the session back. */
  forget(c: Context<HttpEnv>): void {
    this.#parts.cookies.clear(c, "access", "refresh", "device");
  }

  /** Likewise, and what would tell the browser again: there is nobody any more to be known to. */
  forgetAccount(c: Context<HttpEnv>): void {
    this.forget(c);
    this.#parts.cookies.clear(c, "known");
  }

  async #endPresented(c: Context<HttpEnv>, body: SessionTokens): Promise<void> {
    const token = await this.#known(this.#presented(c, body));
    if (token === undefined) return;
    const { node, arrivals } = this.#parts;
    await node.ref(accountActor, token.account, ANONYMOUS).signOut({
      which: "presented",
      session: token.session,
      refreshHash: digest(token.secret),
      deviceHash: arrivals.again(c.req.raw, c.env.address, body.deviceToken).arrival.deviceHash,
    });
  }

  #presented(c: Context<HttpEnv>, { refreshToken }: SessionTokens): RefreshToken | undefined {
    const text = refreshToken ?? this.#parts.cookies.read(c.req.raw, "refresh");
    return text === undefined ? undefined : parseRefreshToken(text);
  }

  /** Whoever makes tokens up wakes no actors. */
  async #known(token: RefreshToken | undefined): Promise<RefreshToken | undefined> {
    if (token === undefined || await this.#parts.accounts.read(token.account) === undefined) return undefined;
    return token;
  }

  async #hand(c: Context<HttpEnv>, held: Held, transport: Transport): Promise<SignedIn> {
    const { node, tokens, cookies } = this.#parts;
    const { user, role, session, endsAt, deviceToken } = held;
    const standing: Standing = role === "operator" ? "operator" : "member";
    const { token, expiresAt } = await tokens.issueAccess({ user, standing, session }, endsAt);
    const now = node.ports.clock.now();
    const refreshToken = formatRefreshToken(held.refreshToken);
    c.header("cache-control", "no-store");
    if (transport === "cookie") {
      cookies.set(c, "access", token, expiresAt - now);
      cookies.set(c, "refresh", refreshToken, endsAt - now);
      cookies.set(c, "device", deviceToken, endsAt - now);
    }
    return {
      user,
      session,
      token,
      expiresInMs: expiresAt - now,
      sessionEndsInMs: endsAt - now,
      ...(transport === "body" ? { refreshToken, deviceToken } : {}),
    };
  }
}
