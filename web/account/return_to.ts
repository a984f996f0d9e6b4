/** Where to go after signing in: on this site, whatever somebody has written into a link. */
export function returnTo(search = location.search, depth = 0): URL {
  const home = new URL("/", location.origin);
  const wanted = new URLSearchParams(search).get("returnTo") ?? "/";
  if (!wanted.startsWith("/") || !URL.canParse(wanted, location.origin)) return home;
  const url = new URL(wanted, location.origin);
  if (url.origin !== location.origin) return home;
  // Another provider leads back to the page it was left from, which knows where to go on.
  if (url.pathname === "/login") return depth > 0 ? home : returnTo(url.search, depth + 1);
  return url;
}

/** The page with what this one was told of where to go on. */
export function entryLink(path: string): string {
  const { pathname, search, hash } = returnTo();
  const next = pathname + search + hash;
  return next === "/" ? path : `${path}?${new URLSearchParams({ returnTo: next })}`;
}
