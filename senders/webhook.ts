import { type CodeMessage, type CodeSender, SendingError } from "./code_sender.ts";

export interface WebhookOptions {
  readonly url: string;
  /** A bearer token. */
  readonly token: string | undefined;
}

/** Posts codes as JSON to a program that sends them on: whichever service brings them to telephones. */
export class WebhookSender implements CodeSender {
  readonly #options: WebhookOptions;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  async send(message: CodeMessage, signal: AbortSignal): Promise<void> {
    const { url, token } = this.#options;
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(message),
      // A redirect could lead the code elsewhere.
      redirect: "error",
      signal,
    }).catch((error) => {
      // Its text shows the URL, which may hold a secret.
      throw new SendingError(
        `The webhook cannot be reached: ${error instanceof Error ? error.name : "unknown"}`,
      );
    });
    await response.body?.cancel();
    if (!response.ok) throw new SendingError(`The webhook answered ${response.status}`);
  }
}
