import { monotonicFactory } from "@std/ulid";
import { join } from "node:path";
import { type CodeMessage, type CodeSender, SUBJECT } from "./code_sender.ts";

/** Of messages; the oldest go first. */
const KEPT_MAX = 1_000;

/** Writes each code into a file of its own, for programs and people beside the server. */
export class OutboxSender implements CodeSender {
  readonly #folder: string;
  readonly #name = monotonicFactory();
  #writing: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  send(message: CodeMessage): Promise<void> {
    const writing = this.#writing.catch(() => {}).then(() => this.#write(message));
    return this.#writing = writing;
  }

  async #write({ address, text }: CodeMessage): Promise<void> {
    await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = join(this.#folder, `${this.#name(Date.now())}.eml`);
    // Renamed when it is whole: whoever watches the folder reads no half of it.
    await Deno.writeTextFile(`${path}.new`, `To: ${address}\r\nSubject: ${SUBJECT}\r\n\r\n${text}\r\n`, {
      mode: 0o600,
    });
    await Deno.rename(`${path}.new`, path);
    await this.#trim();
  }

  async #trim(): Promise<void> {
    const names = (await Array.fromAsync(Deno.readDir(this.#folder))).map(({ name }) => name)
      .filter((name) => name.endsWith(".eml")).sort();
    for (const name of names.slice(0, -KEPT_MAX)) await Deno.remove(join(this.#folder, name));
  }
}
