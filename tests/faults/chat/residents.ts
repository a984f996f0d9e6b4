import { HttpClient } from "tests/support/http_client.ts";

const PASSWORD = "correct horse battery staple";
const AT_ONCE = 8;
const TRIES = 20;
const AGAIN_MS = 500;

/** Somebody with an account. */
export interface Resident {
  readonly id: string;
  readonly name: string;
  readonly token: string;
}

/** Accounts on a cluster; a few at once, as every password is hashed. */
export async function register(url: string, count: number): Promise<Resident[]> {
  const residents: Resident[] = [];
  const names = Array.from({ length: count }, (_, n) => `p${n}`).values();
  const work = async () => {
    for (const name of names) residents[Number(name.slice(1))] = await one(url, name);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return residents;
}

async function one(url: string, name: string): Promise<Resident> {
  let answer: unknown;
  for (let n = 0; n < TRIES; n++) {
    const { status, body } = await new HttpClient(url).post<{ token: string; user: { id: string } }>(
      "/v1/accounts",
      { login: `resident-${name}`, password: PASSWORD, transport: "body" },
    );
    if (status === 201) return { id: body.user.id, name, token: body.token };
    answer = body;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  throw new Error(`Cannot register ${name}: ${JSON.stringify(answer)}`);
}
