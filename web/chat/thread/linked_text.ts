/** Pieces of a text: words, and links to pages. */
export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string };

const LINKS = /https?:\/\/[^\s<>"'“”]+/gi;
/** At the end of a link these belong to the sentence around it. */
const TRAILING = /[.,;:!?)\]}…。，！？）]+$/;

export function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(LINKS)) {
    const link = found.replace(TRAILING, "");
    if (!URL.canParse(link)) continue;
    if (index > from) pieces.push({ kind: "text", text: text.slice(from, index) });
    pieces.push({ kind: "link", text: link, href: new URL(link).href });
    from = index + link.length;
  }
  if (from < text.length) pieces.push({ kind: "text", text: text.slice(from) });
  return pieces;
}

/** Up to three of nothing but emoji are shown large. */
export function isLarge(text: string): boolean {
  return text.length <= 40 && /^(?:\p{RGI_Emoji}\s?){1,3}$/v.test(text);
}
