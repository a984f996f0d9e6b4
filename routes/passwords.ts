import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { BarrageError } from "protocol/errors.ts";
import { PasswordPool, type PasswordPoolOptions } from "./password_pool.ts";
import type { PasswordCost, PasswordResult } from "./password_worker.ts";

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([^$]+)\$/;

export interface PasswordsOptions extends PasswordPoolOptions {
  readonly cost: PasswordCost;
}

/** Hashes of passwords: argon2id in PHC string format, with the parameters that OWASP advises unless told otherwise. */
export class Passwords implements Disposable {
  readonly #pool: PasswordPool;
  readonly #cost: PasswordCost;
  /** Of no password; it costs what the others cost. */
  readonly #nobodys: string;

  constructor({ cost, ...pool }: PasswordsOptions) {
    this.#pool = new PasswordPool(pool);
    this.#cost = cost;
    const { memoryKib, iterations } = cost;
    this.#nobodys = `$argon2id$v=19$m=${memoryKib},t=${iterations},p=1$${base64(16)}$${base64(32)}`;
  }

  /**
   * The hash of a new password.
   * @param known What its owner is called, which is no password.
   * @throws {BarrageError} `invalid_params` for one that is guessed first; `overloaded`.
   */
  async choose(password: string, known: readonly string[]): Promise<string> {
    const same = known.some((name) => name.normalize("NFKC").toLowerCase() === password.toLowerCase());
    if (same) throw refuse("it is the login or the name");
    const result = await this.#pool.run({ kind: "choose", password, cost: this.#cost });
    if (result.kind === "common") throw refuse("it is one of the commonest passwords");
    return hashIn(result);
  }

  /** @throws {BarrageError} `overloaded`. */
  async hash(password: string): Promise<string> {
    return hashIn(await this.#pool.run({ kind: "hash", password, cost: this.#cost }));
  }

  /**
   * What `hash` would be if it were of this text: for one who counts the guesses before looking at them. Takes as long
   * for nobody's hash (undefined) as for somebody's.
   * @throws {BarrageError} `overloaded`.
   */
  async hashLike(hash: string | undefined, text: string): Promise<string> {
    const [, memoryKib, iterations, salt = ""] = PHC.exec(hash ?? this.#nobodys) ?? [];
    const cost = { memoryKib: Number(memoryKib), iterations: Number(iterations) };
    const task = { kind: "hash", password: text, cost, salt: Buffer.from(salt, "base64") } as const;
    return hashIn(await this.#pool.run(task));
  }

  /**
   * Takes as long for nobody's hash (undefined) as for somebody's.
   * @throws {BarrageError} `overloaded`.
   */
  async verify(hash: string | undefined, password: string): Promise<boolean> {
    // The library takes no empty one, which nobody has; it shall take its time all the same.
    const shown = password === "" ? "\0" : password;
    const result = await this.#pool.run({ kind: "verify", password: shown, hash: hash ?? this.#nobodys });
    if (result.kind !== "verified") throw failed(result);
    return result.fits && hash !== undefined && password !== "";
  }

  /** Whether it was made with other parameters than those of today. */
  needsRehash(hash: string): boolean {
    const [, memoryKib, iterations] = PHC.exec(hash) ?? [];
    return Number(memoryKib) !== this.#cost.memoryKib || Number(iterations) !== this.#cost.iterations;
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }
}

function hashIn(result: PasswordResult): string {
  if (result.kind !== "hashed") throw failed(result);
  return result.hash;
}

function failed(result: PasswordResult): Error {
  const why = result.kind === "failed" ? result.message : `the worker answers ${result.kind}`;
  return new Error(`Cannot hash a password: ${why}`);
}

function refuse(why: string): BarrageError {
  return new BarrageError("invalid_params", `Cannot use body.password: ${why}`, { path: "body.password" });
}

/** Without padding, as in PHC strings. */
function base64(bytes: number): string {
  return randomBytes(bytes).toString("base64").replace(/=+$/, "");
}
