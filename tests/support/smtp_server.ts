import { SMTPServer } from "smtp-server";

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came, headers and all. */
  readonly text: string;
}

export interface MailServerOptions {
  /** Who sends must sign in so. */
  readonly account?: { readonly user: string; readonly password: string };
  /** Where it listens. @default {"127.0.0.1"} */
  readonly address?: string;
  /** Answers nothing, not even the greeting. */
  readonly mute?: boolean;
  /** Refuses so many messages, repeating them. */
  readonly refuse?: number;
}

/** A real mail server that keeps what it is given. */
export class MailServer implements AsyncDisposable {
  readonly mails: Mail[] = [];
  /** Connections so far. */
  connections = 0;
  readonly #server: SMTPServer;
  #refuse: number;

  private constructor({ account, mute, refuse = 0 }: MailServerOptions) {
    this.#refuse = refuse;
    this.#server = new SMTPServer({
      name: "mx.test",
      authOptional: account === undefined,
      allowInsecureAuth: true,
      disabledCommands: ["STARTTLS"],
      closeTimeout: 100,
      onConnect: (_session, callback) => {
        this.connections++;
        if (mute !== true) callback();
      },
      onAuth: ({ username, password }, _session, callback) => {
        if (username === account?.user && password === account?.password) callback(null, { user: username });
        else callback(new Error("Wrong user or password"));
      },
      onData: (stream, { envelope }, callback) => {
        const chunks: Uint8Array[] = [];
        stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
        stream.on("end", () => {
          const text = new TextDecoder().decode(concat(chunks));
          if (this.#refuse-- > 0) return callback(new Error(`Refused: ${text}`));
          const { mailFrom, rcptTo } = envelope;
          this.mails.push({
            from: mailFrom ? mailFrom.address : "",
            to: rcptTo.map(({ address }) => address),
            text,
          });
          callback();
        });
      },
    });
    // Who leaves in the middle of it is no failure.
    this.#server.on("error", () => {});
  }

  static async start(options: MailServerOptions = {}): Promise<MailServer> {
    const server = new MailServer(options);
    await new Promise<void>((resolve) =>
      void server.#server.listen(0, options.address ?? "127.0.0.1", () => resolve())
    );
    return server;
  }

  get host(): string {
    const address = this.#server.server.address();
    if (address === null || typeof address === "string") throw new Error("The mail server does not listen");
    return `${address.address}:${address.port}`;
  }

  get url(): string {
    return `smtp://${this.host}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function concat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}
