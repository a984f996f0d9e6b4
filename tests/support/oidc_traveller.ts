import { CookieClient } from "tests/support/cookie_client.ts";

/** What a person is called at a provider. */
export interface Person {
  readonly sub: string;
  readonly name?: unknown;
  readonly preferred_username?: unknown;
  readonly email?: unknown;
}

/** `nobody asks`: it is a failure of the test when the provider does. */
export type Answer = "deny" | "nobody asks";

/**
 * A browser that goes from our page to a provider and back; `home` is the same browser on our page. `ask` answers what is
 * sent to us.
 */
export class Traveller {
  readonly home: CookieClient;
  /** Cookies by origin. */
  readonly #jars: Map<string, Map<string, string>>;

  readonly #ask: (request: Request) => Promise<Response>;

  constructor(
    readonly url: string,
    home = new CookieClient(url),
    ask: (request: Request) => Promise<Response> = fetch,
  ) {
    this.home = home;
    this.#ask = ask;
    this.#jars = new Map([[url, home.cookies]]);
  }

  /** The same browser on our page, of which no provider knows anything. */
  unknownThere(): Traveller {
    return new Traveller(this.url, this.home, this.#ask);
  }

  /** Clicks on "sign in with"; resolves to where that leads. */
  async leave(
    provider: string,
    query: Readonly<Record<string, string>> = {},
    headers: Readonly<Record<string, string>> = { "sec-fetch-site": "same-origin" },
  ): Promise<string> {
    return await this.#visit(`/v1/oidc/${provider}/start?${new URLSearchParams(query)}`, headers);
  }

  /** Goes to the provider, and signs in where it asks; resolves to the address that it sends the browser back to. */
  async signInThere(authorizationUrl: string, person: Person | Answer): Promise<string> {
    const { origin } = new URL(authorizationUrl);
    let at = authorizationUrl;
    for (let hops = 0; hops < 10; hops++) {
      const answer = await this.#fetch(at);
      const location = answer.headers.get("location");
      if (location !== null) at = new URL(location, at).href;
      else if (answer.status === 200) at = await this.#submit(at, person);
      else throw new Error(`Cannot sign in at the provider: ${answer.status} ${answer.text}`);
      if (new URL(at).origin !== origin) return at;
    }
    throw new Error("Cannot sign in at the provider: it goes round in circles");
  }

  /** Follows the provider's redirect; resolves to the path of ours it leads to. */
  async comeBack(callbackUrl: string): Promise<string> {
    const { pathname, search } = new URL(callbackUrl);
    return await this.#visit(pathname + search, { "sec-fetch-site": "cross-site" });
  }

  /** All of it; resolves to the path at the end. */
  async travel(
    provider: string,
    person: Person | Answer,
    query: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const away = await this.leave(provider, query);
    return away.startsWith("/") ? away : await this.travelOn(away, person);
  }

  async travelOn(authorizationUrl: string, person: Person | Answer): Promise<string> {
    return await this.comeBack(await this.signInThere(authorizationUrl, person));
  }

  async #visit(path: string, headers: Readonly<Record<string, string>>): Promise<string> {
    const { status, headers: answered, text } = await this.#fetch(`${this.url}${path}`, { headers });
    const location = answered.get("location");
    if (status === 303 && location !== null) return location;
    throw new Error(`Cannot go on from ${path}: ${status} ${text}`);
  }

  async #submit(page: string, person: Person | Answer): Promise<string> {
    if (person === "nobody asks") throw new Error("Cannot go on: the provider asks who it is");
    const fields = person === "deny"
      ? { deny: "1" }
      : { sub: person.sub, claims: JSON.stringify({ ...person, sub: undefined }) };
    const { headers, status, text } = await this.#fetch(page, {
      method: "POST",
      body: new URLSearchParams(fields),
    });
    const location = headers.get("location");
    if (location === null) throw new Error(`Cannot sign in at the provider: ${status} ${text}`);
    return new URL(location, page).href;
  }

  async #fetch(
    url: string,
    init: RequestInit = {},
  ): Promise<{ status: number; headers: Headers; text: string }> {
    const { origin } = new URL(url);
    const jar = this.#jars.get(origin) ?? new Map<string, string>();
    this.#jars.set(origin, jar);
    const headers = new Headers(init.headers);
    headers.set("user-agent", this.home.headers["user-agent"] ?? "");
    if (jar.size > 0) headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
    const request = new Request(url, { ...init, headers, redirect: "manual" });
    const response = await (origin === this.url ? this.#ask : fetch)(request);
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") jar.delete(name);
      else jar.set(name, value);
    }
    return { status: response.status, headers: response.headers, text: await response.text() };
  }
}
