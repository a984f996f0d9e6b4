// Control characters, zero-width and bidirectional overrides, variation tricks: invisible, and used to break
// lines out of their box or to reverse the text around them. ZWJ and VS16 stay: emoji need them.
const INVISIBLE =
  // deno-lint-ignore no-control-regex -- removing control characters is the purpose
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]|[\u{e0000}-\u{e0fff}]/gu;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
// Four marks cover every living script; zalgo stacks dozens.
const STACKED_MARKS = /(\p{M}{4})\p{M}+/gu;

/** Text as it may be shown: NFC, no control or bidi characters, at most four combining marks in a row. */
export function cleanText(text: string): string {
  return text.replace(LONE_SURROGATE, "").replace(/[\t\r\n]+/g, " ").replace(INVISIBLE, "").normalize("NFC")
    .replace(STACKED_MARKS, "$1").trim();
}

/** The same for text of several lines, which it keeps. */
export function cleanLines(text: string): string {
  return text.split(/\r\n|\r|\n/).map(cleanText).join("\n").replace(/\n{3,}/g, "\n\n").trim();
}

/** The key under which equal danmaku merge: compatibility forms, case and spacing do not count. */
export function mergeKey(text: string): string {
  return text.normalize("NFKC").toLowerCase().replace(/\s+/gu, " ").trim();
}

/** Length as a reader counts it: code points, not UTF-16 units. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
