import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Nobody goes there. */
const PROVIDER = { id: "example", name: "Example ID", issuer: "https://id.example", clientId: "barrage" };
const REGIONS = "203.0.113.0/24,Porto\n198.51.100.0/24,Lisbon\n";

/** A server for the pictures, on a free port and a temporary data directory. */
export class StageServer implements AsyncDisposable {
  private constructor(
    readonly url: string,
    readonly process: Deno.ChildProcess,
    readonly dataDir: string,
  ) {}

  static async start(): Promise<StageServer> {
    const dataDir = await Deno.makeTempDir({ prefix: "barrage-pictures-" });
    await Deno.writeTextFile(`${dataDir}/oidc.json`, JSON.stringify([PROVIDER]), { mode: 0o600 });
    await Deno.writeTextFile(`${dataDir}/regions.csv`, REGIONS);
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--allow-all", MAIN],
      env: {
        PORT: "0",
        DATA_DIR: dataDir,
        GUESTS_PER_MINUTE: "10000",
        ROOMS_PER_MINUTE: "10000",
        ACCOUNTS_PER_MINUTE: "10000",
        STRANGER_MESSAGES: "100",
        TRUSTED_PROXIES: "127.0.0.1",
        LOG: "json",
      },
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    watch(process.stdout, resolve).then(() => reject(new Error("Cannot take pictures: the server ended")));
    return new StageServer(await promise, process, dataDir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGTERM");
    await this.process.status;
    await Deno.remove(this.dataDir, { recursive: true });
  }
}

/** Reads to the end, so that a full pipe never stops the server. */
async function watch(output: ReadableStream<Uint8Array>, ready: (url: string) => void): Promise<void> {
  let text = "";
  for await (const chunk of output.pipeThrough(new TextDecoderStream())) {
    text = (text + chunk).slice(-1_000);
    const url = /listening on (http:\/\/\S+)/.exec(text)?.[1];
    if (url) ready(url);
  }
}
