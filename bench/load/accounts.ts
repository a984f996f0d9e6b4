import type { SignedIn, SignIn } from "protocol/accounts.ts";
import type { Problem } from "protocol/problem.ts";
import type { z } from "zod";

export type Credentials = Pick<z.infer<typeof SignIn>, "login" | "password">;

const PASSWORD = "correct horse battery";

/** Of the nth of a crowd. */
export function credentials(nth: number): Credentials {
  return { login: `member-${nth}`, password: PASSWORD };
}

export async function register(origin: string, who: Credentials): Promise<SignedIn> {
  return await signedIn(await post(`${origin}/v1/accounts`, who), 201);
}

/** Undefined when the node has too many passwords to check already. */
export async function signIn(origin: string, who: Credentials): Promise<SignedIn | undefined> {
  const response = await post(`${origin}/v1/login`, who);
  return response.status === 503 ? await overloaded(response) : await signedIn(response, 200);
}

/** Ends one session of an account, or all but the one of the token. */
export async function endSessions(origin: string, token: string, session?: string): Promise<void> {
  const path = session === undefined ? "/v1/sessions" : `/v1/sessions/${session}`;
  const response = await fetch(origin + path, {
    method: "DELETE",
    headers: { authorization: `Bearer ${token}` },
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`Cannot end a session: ${answer}`);
}

async function post(url: string, who: Credentials): Promise<Response> {
  return await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...who, transport: "body" }),
  });
}

async function signedIn(response: Response, status: number): Promise<SignedIn> {
  if (response.status !== status) throw new Error(`Cannot sign in: ${await response.text()}`);
  return await response.json();
}

async function overloaded(response: Response): Promise<undefined> {
  const problem: Problem = await response.json();
  if (problem.reason !== "overloaded") throw new Error(`Cannot sign in: ${JSON.stringify(problem)}`);
}
