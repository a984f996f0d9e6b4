import { type Barrage, BarrageCallError } from "client/mod.ts";
import type { Account } from "./account.ts";
import { find } from "./dom.ts";
import { noticeWords } from "./notice_words.ts";

/** While all is well; a socket that is refused something tells at once. */
const LOOK_MS = 60_000;
/** While something is off, so that the notice goes soon, and as long again at random: not all look at the same time. */
const LOOK_AGAIN_MS = 3_000;
/** However much is refused. */
const LOOK_LEAST_MS = 1_000;
/** It is answered whatever is refused, and costs next to nothing. */
const ADDRESS = "/v1/oidc";

let now: (() => void) | undefined;

/** Says at the edge of the page what the server does not do for now, and is silent again by itself. */
export function startSiteNotice(account: Account): void {
  const notice = find(document, ".site-notice", HTMLElement);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lookedAt = -Infinity;
  const show = (switches: readonly string[]) => {
    const words = noticeWords(switches, account.isMember, document.body.dataset.page);
    if (words !== undefined) find(notice, "span", HTMLElement).textContent = words;
    notice.hidden = words === undefined;
  };
  const next = (inMs: number) => {
    clearTimeout(timer);
    timer = setTimeout(look, inMs);
  };
  async function look(): Promise<void> {
    // Comes back when it is seen.
    if (document.hidden) return;
    lookedAt = performance.now();
    const switches = await readSwitches();
    if (switches !== undefined) show(switches);
    next(notice.hidden ? LOOK_MS * (1 + Math.random()) : LOOK_AGAIN_MS * (1 + Math.random()));
  }
  now = () => next(Math.max(0, lookedAt + LOOK_LEAST_MS - performance.now()));
  document.addEventListener("visibilitychange", () => document.hidden || now?.());
  look();
}

/** What was refused may be so for everybody, for now. */
export function noticeRefusal(error: unknown): void {
  if (!(error instanceof BarrageCallError)) return;
  if (error.reason === "read_only" || error.reason === "overloaded") now?.();
}

/** Over a socket a refusal may be seen by nobody: what waits is sent again by itself. */
export function noticeRefusals(barrage: Barrage): void {
  barrage.on("refused", noticeRefusal);
}

/** Undefined when the server cannot be asked. */
async function readSwitches(): Promise<string[] | undefined> {
  try {
    const response = await fetch(ADDRESS, { cache: "no-store", signal: AbortSignal.timeout(10_000) });
    await response.body?.cancel();
    return response.headers.get("barrage-switches")?.split(", ") ?? [];
  } catch {
    return undefined;
  }
}
