import type { Context } from "hono";
import type { Caller } from "actors/runtime/caller.ts";
import type { HttpEnv } from "./http_app.ts";

const SEEN = /^(?:W\/)?"(\d{1,15})\.[^"]{0,32}"$/;
/** What a browser or a proxy may keep for everybody, in seconds, on top of the age that a card may have. */
const PUBLIC_SECONDS = 1;

export interface CardTag {
  readonly version: number;
  /** What else the answer depends on. */
  readonly view: string | number;
  readonly ageMs: number;
}

/** The version that the asker has, by the tag of an earlier answer; 0 for none. */
export function seenVersion(c: Context<HttpEnv>): number {
  const tags = (c.req.header("if-none-match") ?? "").split(",", 8);
  return Math.max(0, ...tags.map((tag) => Number(SEEN.exec(tag.trim())?.[1] ?? 0)));
}

/**
 * Sets the headers of an answer with a card; true when the asker has it already, and 304 says so. The tag is a weak one:
 * answers may differ in bytes, by compression.
 */
export function tagCard(
  c: Context<HttpEnv>,
  caller: Caller,
  { version, view, ageMs }: CardTag,
  staleMs: number,
): boolean {
  const tag = `W/"${version}.${view}"`;
  c.header("etag", tag);
  c.header("vary", "authorization, cookie", { append: true });
  // A card for one person must be asked for again each time, which costs a 304.
  c.header(
    "cache-control",
    caller.kind === "anonymous" ? `public, max-age=${PUBLIC_SECONDS}` : "private, no-cache",
  );
  if (ageMs > staleMs) c.header("barrage-degraded", "serve-stale");
  const given = (c.req.header("if-none-match") ?? "").split(",", 8).map((each) => each.trim());
  return given.includes(tag) || given.includes("*");
}
