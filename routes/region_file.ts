import ipaddr from "ipaddr.js";
import { cleanText } from "protocol/text.ts";
import { parseRange } from "./client_address.ts";
import { noRegion, type RegionLookup } from "./region.ts";

const LINES_MAX = 1_000_000;
const NAME_MAX = 64;
const IPV4_MAPPED = 0xffff_0000_0000n;

interface Span {
  readonly first: bigint;
  readonly last: bigint;
  readonly region: string;
}

/**
 * Reads `CIDR,region` lines, IPv4 and IPv6 in any order; a header line, empty ones and those that begin with # are passed
 * over. Without the file no address has a region.
 * @throws {Error} naming the line that cannot be used.
 */
export async function loadRegions(path: string): Promise<RegionLookup> {
  try {
    return parseRegions(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return noRegion;
    throw new Error(`Cannot use ${path}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

export function parseRegions(csv: string): RegionLookup {
  const spans = [...readSpans(csv)].sort((one, other) => one.first < other.first ? -1 : 1);
  for (const [index, span] of spans.entries()) {
    const before = spans[index - 1];
    if (before !== undefined && span.first <= before.last) {
      throw new Error(`The ranges of ${before.region} and ${span.region} overlap`);
    }
  }
  return (address) => {
    if (!ipaddr.isValid(address)) return undefined;
    const wanted = numberOf(ipaddr.parse(address));
    const span = spans[lastAtOrBefore(spans, wanted)];
    return span !== undefined && wanted <= span.last ? span.region : undefined;
  };
}

function* readSpans(csv: string): Generator<Span> {
  const names = new Map<string, string>();
  let number = 0;
  for (const line of csv.split(/\r?\n/)) {
    if (++number > LINES_MAX) throw new Error(`It has more than ${LINES_MAX} lines`);
    const [range = "", quoted = ""] = line.split(/,(.*)/s, 2).map((field) => field.trim());
    if (range === "" || range.startsWith("#") || (number === 1 && !/\d/.test(range))) continue;
    const name = cleanText(quoted.replace(/^"(.*)"$/, "$1")).slice(0, NAME_MAX);
    if (name === "") throw new Error(`Line ${number} names no region`);
    // One string for all lines of a region.
    if (!names.has(name)) names.set(name, name);
    yield { ...bounds(range, number), region: names.get(name)! };
  }
}

function bounds(range: string, line: number): { first: bigint; last: bigint } {
  try {
    const [address, bits] = parseRange(range);
    const size = 1n << BigInt((address.kind() === "ipv4" ? 32 : 128) - bits);
    const first = numberOf(address) / size * size;
    return { first, last: first + size - 1n };
  } catch (cause) {
    throw new Error(`Line ${line} does not begin with an address or CIDR range`, { cause });
  }
}

/** IPv4 addresses as the IPv6 addresses that stand for them. */
function numberOf(address: ipaddr.IPv4 | ipaddr.IPv6): bigint {
  if (address instanceof ipaddr.IPv6) {
    return BigInt(`0x${address.parts.map((part) => part.toString(16).padStart(4, "0")).join("")}`);
  }
  const [a = 0, b = 0, c = 0, d = 0] = address.octets;
  return IPV4_MAPPED + BigInt(((a * 256 + b) * 256 + c) * 256 + d);
}

/** The index of the last span that begins at or before the address; -1 when there is none. */
function lastAtOrBefore(spans: readonly Span[], address: bigint): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (spans[middle]!.first <= address) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
