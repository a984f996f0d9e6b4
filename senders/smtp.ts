import { createTransport } from "nodemailer";
import { type CodeMessage, type CodeSender, SendingError, SUBJECT } from "./code_sender.ts";

export interface SmtpOptions {
  readonly url: string;
  readonly from: string;
}

/** Gives codes to a mail server, each over a connection of its own. */
export class SmtpSender implements CodeSender {
  readonly #from: string;
  readonly #transport: ReturnType<typeof createTransport>;

  constructor({ url, from }: SmtpOptions) {
    const { password, hostname } = new URL(url);
    this.#from = from;
    this.#transport = createTransport({
      url,
      // How we greet; the default asks the system for its name, which this process may not.
      name: "barrage",
      // TLS is taken when it is offered; nobody who listens, or strips the offer, shall have the password.
      requireTLS: password !== "" && !/^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname),
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async send({ address, text }: CodeMessage, signal: AbortSignal): Promise<void> {
    try {
      await this.#transport.sendMail({
        from: this.#from,
        to: { name: "", address },
        subject: SUBJECT,
        text,
        signal,
      });
    } catch (error) {
      throw new SendingError(`The mail server did not take it: ${reasonOf(error)}`);
    }
  }
}

/** Not what the server says in words: it may repeat the message, or tell whom it was for. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  return [code ?? error.name, responseCode].filter((part) => part !== undefined).join(" ");
}
