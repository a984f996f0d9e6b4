import type { SignedIn } from "protocol/accounts.ts";
import type { Problem } from "protocol/problem.ts";
import { accountRoutes } from "routes/accounts.ts";
import { AddressLimiter } from "routes/address_limiter.ts";
import { ApiKeyChecker } from "routes/api_key_checker.ts";
import { Arrivals } from "routes/arrivals.ts";
import { Cookies } from "routes/cookies.ts";
import { guestRoutes } from "routes/guests.ts";
import { createHttpApp } from "routes/http_app.ts";
import { Authenticator } from "routes/identify.ts";
import { KnownBrowsers } from "routes/known_browsers.ts";
import { LoginThrottle } from "routes/login_throttle.ts";
import { Origin } from "routes/origin.ts";
import { PasswordCheck } from "routes/password_check.ts";
import { Passwords } from "routes/passwords.ts";
import { PublicKeys } from "routes/public_keys.ts";
import { noRegion } from "routes/region.ts";
import { RefusedSignIns } from "routes/refused_sign_ins.ts";
import { Revocations } from "routes/revocations.ts";
import { SessionDesk } from "routes/session_desk.ts";
import { sessionRoutes } from "routes/sessions.ts";
import { signInRoutes } from "routes/sign_in.ts";
import { SigningKeys } from "routes/signing_key.ts";
import { GUEST_TOKEN_MS, Tokens } from "routes/tokens.ts";
import { MemoryCache } from "storage/cache/memory.ts";
import { AccountStage } from "./account_stage.ts";

const URL = "http://localhost";
const DAY_MS = 86_400_000;

export const GUESTS_A_DAY = 200;

export interface Answered<T> {
  readonly status: number;
  /** Cookies that it sets, by name. */
  readonly cookies: Readonly<Record<string, string>>;
  readonly body: T;
}

/** The routes of accounts on the stage's clock, without a socket: a request is answered, and no time has passed. */
export class AccountSite implements AsyncDisposable {
  readonly stage: AccountStage;
  readonly #app: ReturnType<typeof createHttpApp>;
  readonly #owned: AsyncDisposableStack;

  private constructor(
    stage: AccountStage,
    app: ReturnType<typeof createHttpApp>,
    owned: AsyncDisposableStack,
  ) {
    this.stage = stage;
    this.#app = app;
    this.#owned = owned;
  }

  static async open(): Promise<AccountSite> {
    await using opened = new AsyncDisposableStack();
    const stage = opened.use(await AccountStage.open());
    const { clock, storage } = stage;
    const { node } = await stage.start();
    const dataDir = await Deno.makeTempDir({ prefix: "barrage-site-" });
    opened.defer(() => Deno.remove(dataDir, { recursive: true }));
    const now = () => clock.now();
    const signing = opened.use(
      await SigningKeys.open({
        dataDir,
        store: storage.tokenKeys,
        clock,
        rotationMs: 30 * DAY_MS,
        tokenMaxMs: GUEST_TOKEN_MS,
      }),
    );
    const keys = new PublicKeys(storage.tokenKeys, clock);
    const tokens = new Tokens({ signing, keys, now, accessMs: 30 * 60_000, cachedMax: 100 });
    const revocations = opened.use(
      await Revocations.open({
        ...{ store: storage.revocations, bus: stage.connect(), clock, drops: node.drops },
        ...{ max: 1_000, pollMs: 3_000 },
      }),
    );
    const origin = new Origin(undefined);
    const cookies = new Cookies(origin);
    const authenticator = new Authenticator({
      ...{ tokens, keys: new ApiKeyChecker(storage.apiKeys, clock), revocations, cookies, origin },
    });
    const passwords = opened.use(
      new Passwords({
        cost: { memoryKib: 8_192, iterations: 1 },
        workers: 1,
        queueMax: 100,
        drops: node.drops,
      }),
    );
    const { accounts, answers, audit } = storage;
    const { ids } = node.ports;
    const cache = new MemoryCache(() => clock.monotonic());
    const refused = opened.use(
      new RefusedSignIns({ audit, ids, clock, drops: node.drops, subjectsMax: 100 }),
    );
    const throttle = new LoginThrottle({ cache, attempts: 10, attemptsTotal: 50 });
    const check = new PasswordCheck({ accounts, refused, passwords, throttle });
    const arrivals = new Arrivals(cookies, noRegion);
    const known = new KnownBrowsers({ tokens, cookies, now });
    const desk = new SessionDesk({ node, accounts, tokens, cookies, origin, arrivals, known });
    const plenty = (thing: string) => new AddressLimiter(cache, thing, 1_000_000);
    const app = createHttpApp();
    app.route(
      "/",
      guestRoutes({
        ...{ enabled: true, tokens, ids },
        perMinute: new AddressLimiter(cache, "guests", 60),
        perDay: new AddressLimiter(cache, "guests_of_day", GUESTS_A_DAY, 86_400),
      }),
    );
    const registrations = plenty("accounts");
    app.route(
      "/",
      accountRoutes({ node, accounts, answers, authenticator, passwords, check, desk, registrations }),
    );
    const [logins, refreshes] = [plenty("logins"), plenty("refreshes")];
    app.route("/", signInRoutes({ desk, check, known, authenticator, logins, refreshes }));
    app.route("/", sessionRoutes({ node, authenticator, desk }));
    return new AccountSite(stage, app, opened.move());
  }

  async send<T = Problem>(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
    address = "203.0.113.7",
  ): Promise<Answered<T>> {
    const request = new Request(`${URL}${path}`, {
      method,
      headers: {
        origin: URL,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const response = await this.#app.request(request, {}, { address });
    const text = await response.text();
    const cookies = Object.fromEntries(
      response.headers.getSetCookie().map((line) =>
        /^([^=]+)=([^;]*)/.exec(line)!.slice(1) as [string, string]
      ),
    );
    return { status: response.status, cookies, body: (text === "" ? undefined : JSON.parse(text)) as T };
  }

  /** A new account, signed in as a program is. */
  async register(login: string, password: string): Promise<SignedIn> {
    const { status, body } = await this.send<SignedIn>("POST", "/v1/accounts", {
      login,
      password,
      transport: "body",
    });
    if (status !== 201) throw new Error(`Cannot register: ${JSON.stringify(body)}`);
    return body;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned[Symbol.asyncDispose]();
  }
}
