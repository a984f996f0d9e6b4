import type { Problem } from "protocol/problem.ts";
import type { Room } from "protocol/rooms.ts";

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/** JSON over HTTP to one server, on behalf of one token or of nobody. */
export class HttpClient {
  constructor(readonly url: string, readonly token?: string) {}

  /** A new guest of this server. */
  static async guest(url: string, name = "Alice"): Promise<HttpClient & { readonly token: string }> {
    const { body } = await new HttpClient(url).post<{ token: string }>("/v1/guests", { name });
    return new HttpClient(url, body.token) as HttpClient & { readonly token: string };
  }

  get<T = Problem>(path: string, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return this.#send("GET", path, undefined, headers);
  }

  post<T = Problem>(path: string, body: unknown): Promise<Answer<T>> {
    return this.#send("POST", path, body, {});
  }

  put<T = Problem>(path: string, body?: unknown): Promise<Answer<T>> {
    return this.#send("PUT", path, body, {});
  }

  patch<T = Problem>(path: string, body: unknown): Promise<Answer<T>> {
    return this.#send("PATCH", path, body, {});
  }

  delete<T = Problem>(path: string): Promise<Answer<T>> {
    return this.#send("DELETE", path, undefined, {});
  }

  async room(settings: Partial<Room["settings"]> = {}, title = "Room"): Promise<Room> {
    const { status, body } = await this.post<Room>("/v1/rooms", { title, settings });
    if (status !== 201) throw new Error(`Cannot open a room: ${JSON.stringify(body)}`);
    return body;
  }

  async #send<T>(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string>,
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...headers,
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = /\bjson\b/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      body: (json ? JSON.parse(text) : text) as T,
    };
  }
}
