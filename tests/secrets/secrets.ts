import { Buffer } from "node:buffer";

/** Something that must not be found where the server writes. */
interface Secret {
  readonly what: string;
  /** How it could be spelt. */
  readonly spellings: readonly (string | RegExp)[];
}

/** Something that was written, and where. */
export interface Trace {
  readonly where: string;
  readonly text: string;
}

/** Shorter ones would be found by chance. */
const SHORTEST = 16;

/** All that was secret in a run. */
export class Secrets {
  readonly #all = new Map<string, Secret>();

  get kinds(): string[] {
    return [...new Set(this.#all.values().map(({ what }) => what))].sort();
  }

  /** Notes it and gives it back. */
  add(what: string, secret: string): string {
    if (secret.length < SHORTEST) throw new Error(`Cannot look for the ${what}: it is too short`);
    const bytes = Buffer.from(secret);
    // Without what depends on the bytes that would follow.
    const base64 = bytes.toString("base64").replace(/.?=*$/, "");
    const spellings = new Set([
      ...[secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)],
      // As files are read, byte by byte.
      ...[bytes.toString("latin1"), JSON.stringify(bytes.toString("latin1")).slice(1, -1)],
      // As logins are.
      secret.toLowerCase(),
      ...[base64, base64.replaceAll("+", "-").replaceAll("/", "_"), bytes.toString("hex")],
    ]);
    this.#all.set(secret, { what, spellings: [...spellings] });
    return secret;
  }

  /** Eight digits: looked for where they stand alone. */
  addCode(code: string): string {
    this.#all.set(code, { what: "code", spellings: [new RegExp(`(?<![\\w-])${code}(?![\\w-])`)] });
    return code;
  }

  /** What was found where it must not be; `allowed` names the secrets that may be there. */
  findIn({ where, text }: Trace, allowed: readonly string[] = []): string[] {
    return [...this.#all.values()].filter(({ what, spellings }) =>
      !allowed.includes(what) &&
      spellings.some((spelling) =>
        typeof spelling === "string" ? text.includes(spelling) : spelling.test(text)
      )
    ).map(({ what }) => `${what} in ${where}`);
  }
}
