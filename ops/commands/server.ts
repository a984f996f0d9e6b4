import type { z } from "zod";
import { Problem } from "protocol/problem.ts";

const PATIENCE_MS = 15_000;

/** The server did not do what was asked, or is not there. */
export class ServerError extends Error {
  override readonly name = "ServerError";
}

/** A running server, with the key to it. */
export class Server {
  readonly #url: URL;
  readonly #key: string;

  constructor(url: URL, key: string) {
    this.#url = url;
    this.#key = key;
  }

  get<S extends z.ZodType>(path: string, answer: S): Promise<z.output<S>> {
    return this.#ask("GET", path, undefined, answer);
  }

  /** @param patienceMs For what takes longer than most. */
  post<S extends z.ZodType>(
    path: string,
    body: unknown,
    answer: S,
    patienceMs = PATIENCE_MS,
  ): Promise<z.output<S>> {
    return this.#ask("POST", path, body, answer, patienceMs);
  }

  patch<S extends z.ZodType>(path: string, body: unknown, answer: S): Promise<z.output<S>> {
    return this.#ask("PATCH", path, body, answer);
  }

  put<S extends z.ZodType>(path: string, body: unknown, answer: S): Promise<z.output<S>> {
    return this.#ask("PUT", path, body, answer);
  }

  delete<S extends z.ZodType>(path: string, answer: S): Promise<z.output<S>> {
    return this.#ask("DELETE", path, undefined, answer);
  }

  async #ask<S extends z.ZodType>(
    method: string,
    path: string,
    body: unknown,
    answer: S,
    patienceMs = PATIENCE_MS,
  ): Promise<z.output<S>> {
    const response = await this.#send(method, path, body, patienceMs);
    const text = await response.text();
    if (!response.ok) throw new ServerError(complaint(response.status, text));
    const read = answer.safeParse(text === "" ? undefined : parseJson(text));
    if (read.success) return read.data;
    throw new ServerError(
      `Cannot read the answer of ${this.#url.origin}: is it a Barrage of another version?`,
    );
  }

  async #send(method: string, path: string, body: unknown, patienceMs: number): Promise<Response> {
    try {
      return await fetch(new URL(path, this.#url), {
        method,
        headers: {
          authorization: `Bearer ${this.#key}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // A redirect could lead the key elsewhere.
        redirect: "error",
        signal: AbortSignal.timeout(patienceMs),
      });
    } catch (cause) {
      throw new ServerError(`Cannot reach ${this.#url.origin}: is the server running there?`, { cause });
    }
  }
}

function complaint(status: number, text: string): string {
  const problem = Problem.safeParse(parseJson(text));
  if (!problem.success) return `Cannot do it: the server answered ${status}`;
  const { reason, detail } = problem.data;
  if (reason !== "unauthenticated") return `${detail} (${reason})`;
  return `${detail} (${reason}): take the operator_key of this server's DATA_DIR, or set BARRAGE_KEY`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
