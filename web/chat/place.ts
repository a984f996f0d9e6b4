/** Where on the chat page somebody is. */
export type Place =
  | { readonly kind: "list" }
  /** @property link The token of a join link, from behind the hash: what is there is sent to no server. */
  | { readonly kind: "conversation"; readonly id: string; readonly link?: string }
  | { readonly kind: "with"; readonly user: string };

const ID = "([0-9A-HJKMNP-TV-Z]{26})";
const LINK = /^#link=([A-Za-z0-9_-]{22})$/;

export function placeOf({ pathname, hash }: { readonly pathname: string; readonly hash: string }): Place {
  const user = new RegExp(`^/chat/with/${ID}/?$`).exec(pathname)?.[1];
  if (user !== undefined) return { kind: "with", user };
  const id = new RegExp(`^/chat/${ID}/?$`).exec(pathname)?.[1];
  if (id === undefined) return { kind: "list" };
  const link = LINK.exec(hash)?.[1];
  return { kind: "conversation", id, ...(link !== undefined && { link }) };
}

/** Of a join link, or of whatever leads here, that somebody has pasted. */
export function placeIn(text: string, origin: string): Place | undefined {
  if (!URL.canParse(text.trim())) return undefined;
  const url = new URL(text.trim());
  const place = placeOf(url);
  return url.origin === origin && place.kind !== "list" ? place : undefined;
}

export function pathOf(id: string): string {
  return `/chat/${id}`;
}
