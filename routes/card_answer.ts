import type { Caller } from "actors/runtime/caller.ts";
import type { Cards, Entity } from "storage/card_storage.ts";
import { OPEN_TO_ALL } from "./cross_origin.ts";

const SEEN = /^(?:W\/)?"(\d{1,15})\.[^"]{0,32}"$/;
const TAGS_MAX = 8;
/** What a browser or a proxy may keep for everybody, in seconds, on top of the age that a card may have. */
const PUBLIC_SECONDS = 1;

/** Who asks for a card. */
export interface Asker {
  readonly caller: Caller;
  /** The tags of earlier answers that it has, as the `If-None-Match` header says. */
  readonly has: string | undefined;
}

/** A card as it is shown: the version of the card, and what else the answer depends on. */
export interface CardView {
  readonly card: Cards[Entity];
  readonly version: number;
  readonly view: string | number;
  /** Older than a card may be while nothing is wrong. */
  readonly outdated: boolean;
  readonly body: () => unknown;
}

/** Of each card the body it was shown with last: hot ones are answered much more often than they change. */
const bodies = new WeakMap<Cards[Entity], { readonly view: string | number; readonly json: string }>();

/** The version that the asker has; 0 for none. */
export function seenVersion({ has }: Asker): number {
  if (has === undefined) return 0;
  return Math.max(0, ...has.split(",", TAGS_MAX).map((tag) => Number(SEEN.exec(tag.trim())?.[1] ?? 0)));
}

/** The tag is a weak one: answers may differ in bytes, by compression. */
export function cardAnswer({ caller, has }: Asker, shown: CardView): Response {
  const etag = `W/"${shown.version}.${shown.view}"`;
  const headers: Record<string, string> = {
    ...OPEN_TO_ALL,
    etag,
    vary: "authorization, cookie",
    // A card for one person must be asked for again each time, which costs a 304.
    "cache-control": caller.kind === "anonymous" ? `public, max-age=${PUBLIC_SECONDS}` : "private, no-cache",
  };
  if (shown.outdated) headers["barrage-degraded"] = "serve-stale";
  if (has !== undefined && isAmong(etag, has)) return new Response(null, { status: 304, headers });
  headers["content-type"] = "application/json";
  return new Response(jsonOf(shown), { headers });
}

function isAmong(etag: string, has: string): boolean {
  const tags = has.split(",", TAGS_MAX).map((each) => each.trim());
  return tags.includes(etag) || tags.includes("*");
}

function jsonOf({ card, view, body }: CardView): string {
  const known = bodies.get(card);
  if (known?.view === view) return known.json;
  const json = JSON.stringify(body());
  bodies.set(card, { view, json });
  return json;
}
