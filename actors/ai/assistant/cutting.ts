import { codePoints } from "protocol/text.ts";

/** Where a sentence ends, with the marks that close it. */
const SENTENCE_END = /[.!?…。！？]+["'”’)\]」』]*(?=\s|$)|[。！？]+["'”’)\]」』]*|\n+/gu;
const ELLIPSIS = " …";

/**
 * The text in pieces of at most `max` characters, at most `pieces` of them: cut after a paragraph or a sentence where one
 * ends in the second half, else between words. What does not fit is left out, and `…` says so.
 */
export function cut(text: string, max: number, pieces: number): string[] {
  const cuts: string[] = [];
  let rest = text.trim();
  while (rest !== "") {
    if (codePoints(rest) <= max) return [...cuts, rest];
    const last = cuts.length === pieces - 1;
    const head = headOf(rest, last ? max - ELLIPSIS.length : max);
    if (last) return [...cuts, `${head}${ELLIPSIS}`];
    cuts.push(head);
    rest = rest.slice(head.length).trim();
  }
  return cuts;
}

/** The longest good beginning of at most `max` characters. */
function headOf(text: string, max: number): string {
  const head = [...text].slice(0, max).join("");
  const half = head.length / 2;
  let end = 0;
  for (const { index, 0: mark } of head.matchAll(SENTENCE_END)) end = index + mark.length;
  if (end > half) return head.slice(0, end).trimEnd();
  // The next character says whether a word ends here.
  const space = /\s/.test(text.charAt(head.length)) ? head.length : head.lastIndexOf(" ");
  return (space > half ? head.slice(0, space) : head).trimEnd();
}
