import type { ContactKind } from "protocol/accounts.ts";

/** A code on its way to whoever owns an address. */
export interface CodeMessage {
  readonly kind: ContactKind;
  readonly address: string;
  readonly purpose: "contact" | "reset";
  /** One paragraph, the code in it. */
  readonly text: string;
}

/** Of messages that have one. */
export const SUBJECT = "Your code";

export interface CodeSender {
  /**
   * Resolves when somebody else has taken the message over.
   * @throws {SendingError} or whatever else kept it from being sent.
   */
  send(message: CodeMessage, signal: AbortSignal): Promise<void>;
}

/** Why a message was not taken over, in words that repeat nothing of it. */
export class SendingError extends Error {
  override readonly name = "SendingError";
}
