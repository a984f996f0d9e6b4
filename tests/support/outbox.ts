const PATIENCE_MS = 10_000;
const LOOK_MS = 20;

export interface SentCode {
  readonly to: string;
  readonly code: string;
}

/** The codes that servers with MAIL_OUTBOX=on have sent, the first first. */
export class Outbox {
  readonly #folders: readonly string[];
  #taken = 0;

  constructor(...dataDirs: readonly string[]) {
    this.#folders = dataDirs.map((dataDir) => `${dataDir}/outbox`);
  }

  async all(): Promise<SentCode[]> {
    const files = (await Promise.all(this.#folders.map(readMails))).flat();
    files.sort(({ name }, other) => name < other.name ? -1 : 1);
    return files.map(({ text }) => {
      const [, to = ""] = /^To: (\S+)\r$/m.exec(text) ?? [];
      const [, code = ""] = /^(\d{8}) is your code/m.exec(text) ?? [];
      return { to, code };
    });
  }

  /** The next one, which may be still on its way. */
  async next(): Promise<SentCode> {
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = (await this.all())[this.#taken];
      if (found !== undefined) {
        this.#taken++;
        return found;
      }
      if (performance.now() > until) throw new Error("Cannot find the code: none was sent");
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

async function readMails(folder: string): Promise<{ readonly name: string; readonly text: string }[]> {
  try {
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name)
      .filter((name) => name.endsWith(".eml"));
    return await Promise.all(
      names.map(async (name) => ({ name, text: await Deno.readTextFile(`${folder}/${name}`) })),
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
