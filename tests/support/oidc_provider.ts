import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("oidc_provider_program.ts", import.meta.url));
const READY = /^listening on http:\/\/127\.0\.0\.1:(\d+)\n/m;

export interface ProviderOptions {
  /** The client's id, and what the server calls the provider. */
  readonly id?: string;
  /** Undefined for a public client. */
  readonly secret?: string | undefined;
  /** Whether it wants the secret in the body instead of the header. */
  readonly inBody?: boolean;
}

/** A real OpenID Connect provider in a process of its own. */
export class OidcProvider implements AsyncDisposable {
  readonly id: string;
  readonly secret: string | undefined;
  readonly #inBody: boolean;
  #process: Deno.ChildProcess | undefined;
  #output: Promise<unknown> = Promise.resolve();
  #port = 0;
  #said = "";

  private constructor({ id = "corp", secret, inBody = false }: ProviderOptions) {
    this.id = id;
    this.secret = secret;
    this.#inBody = inBody;
  }

  static async start(options: ProviderOptions = { secret: "secret of corp" }): Promise<OidcProvider> {
    const provider = new OidcProvider(options);
    await provider.start();
    return provider;
  }

  /** How often it was asked for its metadata since it was started. */
  get asked(): number {
    return this.#said.split("asked for its metadata\n").length - 1;
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** As it stands in oidc.json. */
  get settings(): Record<string, unknown> {
    const { id, issuer, secret } = this;
    return {
      ...{ id, issuer, name: `Provider ${id}`, clientId: id },
      ...(secret === undefined ? {} : { clientSecret: secret }),
    };
  }

  /** Also again, on the same port; it has forgotten everybody. */
  async start(): Promise<void> {
    const { id, secret } = this;
    const client = { id, inBody: this.#inBody, ...(secret === undefined ? {} : { secret }) };
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--allow-all", PROGRAM, JSON.stringify({ port: this.#port, client })],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#process = process;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#said = "";
    const output = Promise.all([
      read(process.stdout, (text) => {
        this.#said += text;
        const port = READY.exec(this.#said)?.[1];
        if (port !== undefined) resolve(Number(port));
      }),
      read(process.stderr, (text) => {
        this.#said += text;
      }),
    ]);
    this.#output = output;
    const failed = output.then(() => {
      throw new Error(`Cannot start the provider: ${this.#said}`);
    });
    failed.catch(() => {});
    this.#port = await Promise.race([promise, failed]);
  }

  async stop(): Promise<void> {
    if (this.#process === undefined) return;
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#output;
    this.#process = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function read(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) take(text);
}
