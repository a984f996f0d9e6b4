import ipaddr from "ipaddr.js";
import { BarrageError } from "protocol/errors.ts";

/** What a browser says of requests that no other page made it send. */
const OWN_FETCH_SITES: readonly (string | null)[] = ["same-origin", "none"];

/** The origin under which people see this server. */
export class Origin {
  readonly #publicUrl: URL | undefined;

  /** @param publicUrl When undefined, whatever host a request asks for is ours. */
  constructor(publicUrl: string | undefined) {
    this.#publicUrl = publicUrl === undefined ? undefined : new URL(publicUrl);
  }

  /** Whether cookies must be `Secure`: everywhere but at a loopback address over plain HTTP. */
  secure(request: Request): boolean {
    const { protocol, hostname } = this.#publicUrl ?? new URL(request.url);
    // Behind a proxy that ends TLS we see plain HTTP as well; only a loopback name tells that there is no proxy.
    return protocol === "https:" || !isLoopback(hostname);
  }

  /** What others may be told to send browsers back to; undefined when only the request, so anybody, says what it is. */
  known(request: Request): string | undefined {
    if (this.#publicUrl !== undefined) return this.#publicUrl.origin;
    const { origin, hostname } = new URL(request.url);
    return isLoopback(hostname) ? origin : undefined;
  }

  /**
   * For what is done with a cookie's authority, or sets one: no other site may make a browser do it (CSRF).
   * @throws {BarrageError} `forbidden`.
   */
  require(request: Request): void {
    if (this.sent(request)) return;
    throw new BarrageError(
      "forbidden",
      "Cannot use cookies for this: the request does not say that it comes from this site",
    );
  }

  /** Whether one of our own pages made the browser send it; false when that cannot be known. */
  sent(request: Request): boolean {
    const origin = request.headers.get("origin");
    if (origin === null) return OWN_FETCH_SITES.includes(request.headers.get("sec-fetch-site"));
    if (this.#publicUrl !== undefined) return origin === this.#publicUrl.origin;
    // The scheme is the proxy's, if there is one, and unknown here.
    return URL.canParse(origin) && new URL(origin).host === new URL(request.url).host;
  }
}

export function isLoopback(hostname: string): boolean {
  const name = hostname.replace(/^\[(.*)\]$/, "$1");
  if (ipaddr.isValid(name)) return ipaddr.process(name).range() === "loopback";
  return name === "localhost" || name.endsWith(".localhost");
}
