import type { Problem } from "protocol/problem.ts";
import type { Answer } from "./http_client.ts";

/** A browser as far as the server can tell: it keeps cookies, and says which page it is on. */
export class CookieClient {
  readonly cookies = new Map<string, string>();
  /** Sent with every request; a test may change or remove them. */
  readonly headers: Record<string, string>;

  constructor(readonly url: string, userAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0") {
    this.headers = { origin: url, "user-agent": userAgent };
  }

  /** Signed in as a new account. */
  static async member(url: string, login: string, password = PASSWORD): Promise<CookieClient> {
    const client = new CookieClient(url);
    await client.must(201, "POST", "/v1/accounts", { login, password });
    return client;
  }

  /** With what a thief copied of this one. */
  copy(...kinds: readonly ("barrage" | "barrage_refresh" | "barrage_device")[]): CookieClient {
    const thief = new CookieClient(this.url, "Mozilla/5.0 (Windows NT 10.0) Chrome/128.0.0.0");
    for (const name of kinds) thief.cookies.set(name, this.cookies.get(name) ?? "");
    return thief;
  }

  /** @throws unless it is answered with this status. */
  async must<T = Record<string, unknown>>(
    status: number,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<T> {
    const answer = await this.send<T>(method, path, body);
    if (answer.status === status) return answer.body;
    throw new Error(`Cannot ${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async send<T = Problem>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...this.headers,
        ...(cookie === "" ? {} : { cookie }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const text = await response.text();
    const json = /\bjson\b/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      body: (json ? JSON.parse(text) : text) as T,
    };
  }

  #keep(line: string): void {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (/; Max-Age=0(;|$)/i.test(line)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

export const PASSWORD = "correct horse battery";

/** Hashing that costs next to nothing, for tests about anything else. */
export const CHEAP = { PASSWORD_MEMORY_KIB: 8_192, PASSWORD_ITERATIONS: 1 };
