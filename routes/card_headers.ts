import type { Context } from "hono";
import type { Caller } from "actors/runtime/caller.ts";
import { openToAll } from "./cross_origin.ts";
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
  const given = c.req.header("if-none-match");
  if (given === undefined) return 0;
  const tags = given.split(",", 8);
  return Math.max(0, ...tags.map((tag) => Number(SEEN.exec(tag.trim())?.[1] ?? 0)));
}

/** What an answer with a card says of it. */
export interface CardHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** The asker has it already, and 304 says so. */
  readonly had: boolean;
}

/** The tag is a weak one: answers may differ in bytes, by compression. */
export function cardHeaders(
  c: Context<HttpEnv>,
  caller: Caller,
  { version, view, ageMs }: CardTag,
  staleMs: number,
): CardHeaders {
  const etag = `W/"${version}.${view}"`;
  const given = c.req.header("if-none-match");
  const tags = given === undefined ? [] : given.split(",", 8).map((each) => each.trim());
  return {
    headers: {
      ...openToAll(c),
      etag,
      vary: "authorization, cookie",
      // A card for one person must be asked for again each time, which costs a 304.
      "cache-control": caller.kind === "anonymous"
        ? `public, max-age=${PUBLIC_SECONDS}`
        : "private, no-cache",
      ...(ageMs > staleMs && { "barrage-degraded": "serve-stale" }),
    },
    had: tags.includes(etag) || tags.includes("*"),
  };
}
