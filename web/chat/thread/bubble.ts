import type { OutgoingMessage, Receipt } from "client/mod.ts";
import type { Attachment, Message } from "protocol/chat.ts";
import { showAvatar, tint } from "../../shell/avatar.ts";
import { icon, make } from "../../shell/dom.ts";
import { complaintOf } from "../complaints.ts";
import { clockTime } from "../times.ts";
import { attachmentWords, messageWords } from "../words.ts";
import type { Entry } from "./entries.ts";
import { isLarge, piecesOf } from "./linked_text.ts";

export interface BubbleOptions {
  readonly group: boolean;
  readonly me: string | undefined;
  /** What stands at a place, where it is known. */
  readonly quoted: (seq: number) => Message | undefined;
}

type BubbleEntry = Extract<Entry, { kind: "bubble" }>;

/** One message. What can be done with it, the thread tells by its `data-` marks. */
export function bubble({ shown, first, last }: BubbleEntry, options: BubbleOptions): HTMLElement {
  const line = make("li", `line${shown.own ? " own" : ""}${first ? " first" : ""}${last ? " last" : ""}`);
  const box = make("div", "bubble");
  if (shown.shown === "stored") {
    const { message } = shown;
    line.dataset.seq = String(message.seq);
    line.dataset.mentioned = String(message.kind === "sent" && isOfMe(message.mentions, options.me));
    if (!shown.own && options.group) addFace(line, box, message, first, last);
    if (message.kind === "recalled") box.append(make("p", "recalled", recalledWords(message, options.me)));
    else if (message.kind === "sent") say(line, box, message, options);
    box.append(stamp(message, shown.receipt));
    line.append(box, menuButton());
  } else {
    const { outgoing } = shown;
    line.dataset.outgoing = outgoing.id;
    line.dataset.status = outgoing.state.status;
    say(line, box, outgoing.draft, options);
    box.append(outgoingStamp(outgoing));
    line.append(box);
    if (outgoing.state.status === "failed") line.append(failure(outgoing));
  }
  return line;
}

/** Another value wherever the bubble would look different. */
export function looks({ shown, first, last }: BubbleEntry, { quoted }: BubbleOptions): string {
  const place = `${first} ${last}`;
  if (shown.shown === "outgoing") {
    const { replyTo } = shown.outgoing.draft;
    return `${place} ${shown.outgoing.state.status} ${replyTo === undefined ? "" : quoted(replyTo)?.version}`;
  }
  const { message, receipt } = shown;
  const answered = message.kind === "sent" && message.replyTo !== undefined
    ? quoted(message.replyTo)?.version
    : undefined;
  return `${place} ${message.version} ${receipt} ${answered}`;
}

interface Said {
  readonly text?: string | undefined;
  readonly attachments?: readonly Attachment[] | undefined;
  readonly replyTo?: number | undefined;
}

function say(line: HTMLElement, box: HTMLElement, said: Said, options: BubbleOptions): void {
  const { text, attachments = [], replyTo } = said;
  if (replyTo !== undefined) box.append(quote(replyTo, options));
  for (const attachment of attachments) box.append(attached(attachment));
  if (text === undefined) return;
  if (attachments.length === 0 && replyTo === undefined) line.classList.toggle("large", isLarge(text));
  const words = make("p", "bubble-text");
  for (const piece of piecesOf(text)) {
    if (piece.kind === "text") words.append(piece.text);
    else words.append(outward(piece.href, "", piece.text));
  }
  box.append(words);
}

function addFace(
  line: HTMLElement,
  box: HTMLElement,
  message: Message,
  first: boolean,
  last: boolean,
): void {
  const { sender } = message;
  const face = make("span", "avatar");
  face.setAttribute("aria-hidden", "true");
  if (last) showAvatar(face, sender.name);
  else face.classList.add("nobody");
  line.append(face);
  const name = make("p", first ? "bubble-name" : "visually-hidden", sender.name);
  tint(name, sender.name);
  if (message.kind === "sent" && message.assistant) {
    name.append(" ", make("span", "role-badge ai-badge", "AI"));
  }
  box.append(name);
}

function quote(seq: number, { quoted, me }: BubbleOptions): HTMLElement {
  const element = make("button", "quote");
  element.type = "button";
  element.dataset.goTo = String(seq);
  const message = quoted(seq);
  const who = message === undefined
    ? "An earlier message"
    : message.sender.id === me
    ? "You"
    : message.sender.name;
  if (message !== undefined) tint(element, message.sender.name);
  element.append(
    make("span", "quote-name", who),
    make("span", "quote-text", message === undefined ? "Show it" : messageWords(message, me)),
  );
  return element;
}

const PICTURES = { image: "image", video: "live", audio: "bell", file: "file" } as const;

/** A link: what lies elsewhere is fetched when somebody wants it, and tells nobody who reads. */
function attached(attachment: Attachment): HTMLElement {
  const card = outward(attachment.url, "attached");
  const words = make("span", "attached-words");
  const about = [new URL(attachment.url).host, "bytes" in attachment && sizeOf(attachment.bytes)]
    .filter((part) => typeof part === "string");
  words.append(
    make("span", "attached-name", attachmentWords(attachment)),
    make("span", "attached-about", about.join(" · ")),
  );
  card.append(icon(PICTURES[attachment.type]), words);
  return card;
}

function outward(href: string, className: string, text = ""): HTMLAnchorElement {
  const link = make("a", className, text);
  link.href = href;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow ugc";
  return link;
}

function sizeOf(bytes: number | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const units = ["B", "KB", "MB", "GB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 1_024 ** power).toLocaleString("en", { maximumFractionDigits: 1 })} ${units[power]}`;
}

const RECEIPTS = {
  sent: ["check", "Sent"],
  delivered: ["checks", "Delivered"],
  read: ["checks", "Read"],
} as const;

function stamp(message: Message, receipt: Receipt | undefined): HTMLElement {
  const element = make("span", "stamp");
  if (message.kind === "sent" && message.editedAt !== undefined) {
    element.append(make("span", "edited", "edited"));
  }
  element.append(timeElement(message.at));
  if (receipt !== undefined && message.kind === "sent") element.append(tick(receipt, RECEIPTS[receipt]));
  return element;
}

function outgoingStamp({ state, writtenAt }: OutgoingMessage): HTMLElement {
  const element = make("span", "stamp");
  element.append(timeElement(writtenAt));
  switch (state.status) {
    case "sending":
      element.append(tick("sending", ["clock", "Sending"]));
      break;
    case "sent":
      element.append(tick("sent", RECEIPTS.sent));
      break;
    case "failed":
      element.append(tick("failed", ["alert", "Not sent"]));
  }
  return element;
}

function timeElement(at: number): HTMLElement {
  const time = make("time", "", clockTime(at));
  time.dateTime = new Date(at).toISOString();
  time.title = new Date(at).toLocaleString();
  return time;
}

function tick(receipt: string, [image, words]: readonly [string, string]): HTMLElement {
  const element = make("span", "tick");
  element.dataset.receipt = receipt;
  element.title = words;
  element.append(icon(image), make("span", "visually-hidden", words));
  return element;
}

function failure({ state }: OutgoingMessage): HTMLElement {
  const element = make("p", "failure");
  const why = state.status === "failed" ? complaintOf(state.error) : "";
  element.append(make("span", "", why), action("Try again", "retry"), action("Delete", "discard"));
  return element;
}

function action(text: string, what: string): HTMLElement {
  const button = make("button", "text-button", text);
  button.type = "button";
  button.dataset.act = what;
  return button;
}

function menuButton(): HTMLElement {
  const button = make("button", "line-menu");
  button.type = "button";
  button.tabIndex = -1;
  button.dataset.act = "menu";
  button.setAttribute("aria-haspopup", "menu");
  button.setAttribute("aria-label", "What to do with this message");
  button.append(icon("more"));
  return button;
}

function recalledWords(
  { sender, by }: Extract<Message, { kind: "recalled" }>,
  me: string | undefined,
): string {
  if (by.id === me) return "You recalled this message";
  return by.id === sender.id ? "This message was recalled" : `${by.name} recalled this message`;
}

function isOfMe(mentions: readonly string[] | undefined, me: string | undefined): boolean {
  return me !== undefined && (mentions ?? []).includes(me);
}
