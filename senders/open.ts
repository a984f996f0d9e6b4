import { join } from "node:path";
import type { ContactKind } from "protocol/accounts.ts";
import type { CodeSender } from "./code_sender.ts";
import { LogSender } from "./log.ts";
import { OutboxSender } from "./outbox.ts";
import { SmtpSender } from "./smtp.ts";
import { WebhookSender } from "./webhook.ts";

export interface SenderOptions {
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string | undefined;
  readonly webhookUrl: string | undefined;
  readonly webhookToken: string | undefined;
  readonly mailOutbox: "on" | "off" | undefined;
  readonly dataDir: string;
}

/**
 * Mail goes by SMTP and what is for telephones to the webhook; whatever is left, into the outbox. The log gets codes only
 * where none of the three is set up: a server with people on it has no codes in its log.
 */
export function openSenders(options: SenderOptions): Record<ContactKind, CodeSender | undefined> {
  const { smtpUrl, mailFrom, webhookUrl, webhookToken, mailOutbox, dataDir } = options;
  const bare = smtpUrl === undefined && webhookUrl === undefined;
  const rest = mailOutbox === "on"
    ? new OutboxSender(join(dataDir, "outbox"))
    : bare
    ? new LogSender()
    : undefined;
  const smtp = smtpUrl === undefined || mailFrom === undefined
    ? undefined
    : new SmtpSender({ url: smtpUrl, from: mailFrom });
  const webhook = webhookUrl === undefined
    ? undefined
    : new WebhookSender({ url: webhookUrl, token: webhookToken });
  return { email: smtp ?? rest, phone: webhook ?? rest };
}
