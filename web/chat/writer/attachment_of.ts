import type { Attachment } from "protocol/chat.ts";

const KINDS: readonly (readonly [RegExp, "image" | "video" | "audio"])[] = [
  [/\.(avif|gif|jpe?g|png|svg|webp)$/i, "image"],
  [/\.(m4v|mov|mp4|webm)$/i, "video"],
  [/\.(aac|flac|m4a|mp3|ogg|opus|wav)$/i, "audio"],
];
const NAME_MAX = 255;

/** What a link leads to, as far as its end tells; undefined when it is no link that may be sent. */
export function attachmentOf(text: string): Attachment | undefined {
  if (!URL.canParse(text.trim())) return undefined;
  const url = new URL(text.trim());
  if (url.protocol !== "https:" || url.href.length > 2_048) return undefined;
  const type = KINDS.find(([ending]) => ending.test(url.pathname))?.[1];
  if (type !== undefined) return { type, url: url.href };
  const last = url.pathname.split("/").findLast((part) => part !== "") ?? url.host;
  return { type: "file", url: url.href, name: plain(last).slice(0, NAME_MAX) };
}

function plain(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
