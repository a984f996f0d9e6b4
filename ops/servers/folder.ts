/** Where a server keeps its files: a given folder that stays, or a temporary one that goes with the server. */
export class Folder implements AsyncDisposable {
  readonly path: string;
  readonly #temporary: boolean;

  private constructor(path: string, temporary: boolean) {
    this.path = path;
    this.#temporary = temporary;
  }

  static async open(path: string | undefined, prefix: string): Promise<Folder> {
    if (path === undefined) return new Folder(await Deno.makeTempDir({ prefix }), true);
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
    return new Folder(await Deno.realPath(path), false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#temporary) await Deno.remove(this.path, { recursive: true });
  }
}
