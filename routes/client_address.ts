import ipaddr from "ipaddr.js";
import { LRUCache } from "lru-cache";

type Range = ReturnType<typeof ipaddr.parseCIDR>;
export type ProxyHeader = "x-forwarded-for" | "forwarded";

/** Of those a request may name: more are no chain of proxies. */
const HOPS_MAX = 32;
/** What a customer of a provider gets at least (RFC 6177): who limits single addresses limits nobody. */
const IPV6_NETWORK_BITS = 64;
/** Peers whose spelling is remembered: reading one takes as long as the rest of a short request. */
const PEERS_MAX = 10_000;

/** Who is at the other end of a connection, also behind proxies. */
export class ClientAddress {
  readonly #trusted: readonly Range[];
  readonly #header: ProxyHeader;
  readonly #peers = new LRUCache<string, string>({ max: PEERS_MAX });

  /**
   * @param trusted Addresses and CIDR ranges of proxies that append to `header` whom they heard from. Only one header is
   * read: what a proxy does not write itself it passes on as the client made it up.
   */
  constructor(trusted: readonly string[], header: ProxyHeader) {
    this.#trusted = trusted.map(parseRange);
    this.#header = header;
  }

  /** The last address before our own proxies: what stands before that one, anybody may have written. */
  of(headers: Headers, peer: string): string {
    let client = this.#spelled(peer);
    if (!this.#trusts(client)) return client;
    const hops = this.#hops(headers.get(this.#header) ?? "");
    for (const hop of hops.reverse().slice(0, HOPS_MAX)) {
      const address = canonical(hop);
      if (address === undefined) return client;
      client = address;
      if (!this.#trusts(client)) return client;
    }
    return client;
  }

  #spelled(peer: string): string {
    const known = this.#peers.get(peer);
    if (known !== undefined) return known;
    const spelled = canonical(peer) ?? peer;
    this.#peers.set(peer, spelled);
    return spelled;
  }

  #trusts(address: string): boolean {
    if (this.#trusted.length === 0 || !ipaddr.isValid(address)) return false;
    const parsed = ipaddr.parse(address);
    return this.#trusted.some((range) => parsed.kind() === range[0].kind() && parsed.match(range));
  }

  #hops(value: string): string[] {
    const parts = value.split(",").map((part) => part.trim());
    if (this.#header === "x-forwarded-for") return parts;
    // RFC 7239, 4: `for=192.0.2.43;proto=https`, IPv6 in quotes and brackets.
    return parts.map((part) => /(?:^|;)\s*for="?([^";]*)"?/i.exec(part)?.[1] ?? "");
  }
}

/** What limits per address count: the address, and of IPv6 its network. */
export function networkOf(address: string): string {
  if (!address.includes(":") || !ipaddr.IPv6.isValid(address)) return address;
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/${IPV6_NETWORK_BITS}`)}/${IPV6_NETWORK_BITS}`;
}

/** @throws {Error} when it is neither an address nor a CIDR range. */
export function parseRange(text: string): Range {
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

/** One spelling for each address; undefined for what is none. A port is left out. */
function canonical(text: string): string | undefined {
  const [, bracketed, plain] = /^\[([^\]]*)\](?::\d+)?$|^([^:]*)(?::\d+)?$/.exec(text) ?? [];
  const address = (bracketed ?? plain ?? text).replace(/%.*$/, "");
  // Decimal dotted only: the library also reads 0x7f.1 and 017.
  if (!ipaddr.IPv6.isValid(address) && !ipaddr.IPv4.isValidFourPartDecimal(address)) return undefined;
  return ipaddr.process(address).toString();
}
