import { z } from "zod";
import { choice, plain, secret, whole } from "./setting.ts";

const SmtpUrl = z.string().regex(/^smtps?:\/\/\S+$/, "must be smtp://HOST:PORT or smtps://HOST:PORT")
  .refine((url) => URL.canParse(url), "must be smtp://HOST:PORT or smtps://HOST:PORT").optional();

/** `Name <address>`, or an address alone. */
const MailFrom = z.string().max(320).regex(
  /^[^<>\s]+@[^<>\s]+$|^[^<>]*<[^<>\s]+@[^<>\s]+>$/,
  "must be NAME <ADDRESS>",
)
  .optional();

const WebhookUrl = z.url({ protocol: /^https?$/, error: "must be https://HOST/PATH" }).max(2_048)
  .refine(
    (url) => url.startsWith("https:") || /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(`${url}/`),
    "must be https://, or http:// at localhost",
  )
  .optional();

/** Of codes that are sent to people's addresses. */
export const CODE_SETTINGS = {
  codes: {
    smtpUrl: secret(
      "SMTP_URL",
      SmtpUrl,
      "none",
      "smtp://, smtps://",
      "The mail server that sends codes; a password is given to it over TLS only",
    ),
    mailFrom: plain(
      "MAIL_FROM",
      MailFrom,
      "none",
      "NAME <ADDRESS>",
      "From whom that mail is; needed with SMTP_URL",
    ),
    webhookUrl: secret(
      "CODE_WEBHOOK_URL",
      WebhookUrl,
      "none",
      "https://",
      "Where codes for telephones are posted, as JSON, to be sent on",
    ),
    webhookToken: secret(
      "CODE_WEBHOOK_TOKEN",
      z.string().regex(/^[\x21-\x7e]{1,1024}$/, "must be 1-1024 visible characters").optional(),
      "none",
      "1-1024 characters",
      "Sent with it as a bearer token",
    ),
    mailOutbox: choice(
      "MAIL_OUTBOX",
      ["on", "off"],
      "off",
      "Write what nothing else sends into DATA_DIR/outbox instead of the log",
    ),
    sendTimeoutMs: whole(
      "CODE_SEND_TIMEOUT_MS",
      5_000,
      100,
      60_000,
      "Time for sending a code, of which it gets two",
    ),
    inFlight: whole("CODES_IN_FLIGHT", 64, 1, 10_000, "Codes this node sends at once"),
    perMinute: whole("CODES_PER_MINUTE", 10, 1, 1_000_000, "Codes that an address may have sent a minute"),
    perHour: whole(
      "CODES_PER_HOUR",
      10,
      1,
      1_000_000,
      "Codes for one login or account, or to one contact, an hour",
    ),
    triesPerMinute: whole(
      "CODE_TRIES_PER_MINUTE",
      30,
      1,
      1_000_000,
      "Codes that an address may try a minute",
    ),
  },
} as const;
