import { randomBytes } from "node:crypto";
import { NewLogin } from "protocol/accounts.ts";
import { cleanText } from "protocol/text.ts";
import { PersonName } from "protocol/users.ts";
import type { Claims } from "./claims.ts";

const LOGIN_MAX = 32;
const NAME_MAX = 32;
const SUFFIX_BYTES = 4;
const PROPOSALS = 5;

/** Logins for somebody new, the nearest to what the provider calls him first; all but one end at random. */
export function* proposeLogins({ preferred_username: username, email }: Claims): Generator<string> {
  const stem = [username, email].map(toLogin).find((login) => login !== undefined);
  if (stem !== undefined) yield stem;
  for (let n = 0; n < PROPOSALS; n++) {
    const suffix = `-${randomBytes(SUFFIX_BYTES).toString("hex")}`;
    yield `${(stem ?? "user").slice(0, LOGIN_MAX - suffix.length)}${suffix}`;
  }
}

/** The name the provider tells, as far as a name here may be like that. */
export function nameFrom({ name, preferred_username: username }: Claims): string | undefined {
  for (const told of [name, username]) {
    const short = [...cleanText(told ?? "")].slice(0, NAME_MAX).join("");
    const { data } = PersonName.safeParse(short);
    if (data !== undefined) return data;
  }
  return undefined;
}

/** Of an address, what stands before the @. */
function toLogin(told: string | undefined): string | undefined {
  const [local = ""] = (told ?? "").split("@");
  const letters = local.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const login = letters.replace(/[^a-z0-9._-]+/g, "-").replace(/^[._-]+/, "").slice(0, LOGIN_MAX)
    .replace(/[._-]+$/, "");
  return NewLogin.safeParse(login).data;
}
