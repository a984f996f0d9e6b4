import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";
import { UpstreamFault } from "actors/ai/provider.ts";
import { Body } from "./body.ts";
import { send } from "./http.ts";
import { FILE_BYTES_MAX } from "./limits.ts";

/** The type says what the bytes are, not what the upstream called them: a page in a picture's clothes goes no further. */
const MAGIC: readonly { type: string; extension: string; bytes: readonly (number | undefined)[] }[] = [
  { type: "image/png", extension: "png", bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
  { type: "image/jpeg", extension: "jpg", bytes: [0xff, 0xd8, 0xff] },
  { type: "image/gif", extension: "gif", bytes: [0x47, 0x49, 0x46, 0x38] },
  {
    ...{ type: "image/webp", extension: "webp" },
    bytes: [0x52, 0x49, 0x46, 0x46, undefined, undefined, undefined, undefined, 0x57, 0x45, 0x42, 0x50],
  },
];
export const DECK_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
const ARCHIVE = [0x50, 0x4b, 0x03, 0x04];

/** A picture as an event. */
export function picture(bytes: Uint8Array) {
  const format = MAGIC.find((candidate) => begins(bytes, candidate.bytes));
  if (format === undefined) {
    throw new UpstreamFault("malformed", "The upstream's picture is none that we know");
  }
  return { kind: "file", bytes, type: format.type, name: `picture.${format.extension}` } as const;
}

/** A slide deck as an event. */
export function deck(bytes: Uint8Array) {
  if (!begins(bytes, ARCHIVE)) {
    throw new UpstreamFault("malformed", "The upstream's slides are no presentation");
  }
  return { kind: "file", bytes, type: DECK_TYPE, name: "slides.pptx" } as const;
}

export function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    throw new UpstreamFault("malformed", "The upstream's picture is no base64");
  }
}

/**
 * Fetches what an upstream points to. The address is a stranger's: it has to be on the upstream's own origin, or HTTPS to a
 * host in the open Internet, so that nobody gets us to look into our own network. A name that is looked up anew for the
 * connection may lead elsewhere by then, but nobody there has the certificate for it.
 */
export async function fetchFile(address: string, upstream: string, signal: AbortSignal): Promise<Uint8Array> {
  const url = URL.parse(address);
  const own = url !== null && url.origin === new URL(upstream).origin;
  if (url === null || url.username !== "" || !(own || (url.protocol === "https:" && await isPublic(url)))) {
    throw new UpstreamFault("malformed", "The upstream points to a file where we do not go");
  }
  const response = await send(url.href, {}, signal);
  await using body = new Body(response, signal, FILE_BYTES_MAX);
  if (response.status !== 200) {
    throw new UpstreamFault("transient", `The upstream's file is not there: ${response.status}`);
  }
  return await body.all();
}

async function isPublic(url: URL): Promise<boolean> {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const addresses = ipaddr.isValid(host)
    ? [host]
    : await lookup(host, { all: true }).then((found) => found.map(({ address }) => address), () => []);
  return addresses.length > 0 && addresses.every((each) => ipaddr.process(each).range() === "unicast");
}

function begins(bytes: Uint8Array, wanted: readonly (number | undefined)[]): boolean {
  return wanted.every((byte, at) => byte === undefined || bytes[at] === byte);
}
