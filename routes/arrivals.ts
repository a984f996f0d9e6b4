import Bowser from "bowser";
import { cleanText } from "protocol/text.ts";
import type { Arrival } from "actors/account/definition.ts";
import type { Cookies } from "./cookies.ts";
import { digest, randomSecret } from "./refresh_tokens.ts";
import type { RegionLookup } from "./region.ts";

const USER_AGENT_MAX = 512;
const LABEL_MAX = 64;
const DEVICE_TOKEN = /^[\w-]{43}$/;

export interface Arriving {
  readonly arrival: Arrival;
  /** What the device has to show with its refresh token. */
  readonly deviceToken: string;
}

/** Where and with what somebody comes to sign in. */
export class Arrivals {
  readonly #cookies: Cookies;
  readonly #region: RegionLookup;

  constructor(cookies: Cookies, region: RegionLookup) {
    this.#cookies = cookies;
    this.#region = region;
  }

  /** Whoever signs in gets a device token that nobody can have planted before. */
  first(request: Request, address: string): Arriving {
    return this.#arriving(request, address, randomSecret());
  }

  /**
   * Whoever shows a refresh token shows the device token with it, or one that fits no session.
   * @param sent The device token in the body, of programs that keep no cookies.
   */
  again(request: Request, address: string, sent: string | undefined): Arriving {
    const shown = sent ?? this.#cookies.read(request, "device");
    const good = shown !== undefined && DEVICE_TOKEN.test(shown);
    return this.#arriving(request, address, good ? shown : randomSecret());
  }

  #arriving(request: Request, address: string, deviceToken: string): Arriving {
    const region = this.#region(address);
    const arrival = {
      deviceHash: digest(deviceToken),
      ...whereabouts(request, address),
      ...(region === undefined ? {} : { region }),
    };
    return { arrival, deviceToken };
  }
}

export function whereabouts(request: Request, address: string): Pick<Arrival, "address" | "device"> {
  return { address, device: deviceLabel(request.headers.get("user-agent") ?? "") };
}

/** "Firefox on Linux", as far as the header tells, which can say anything. */
export function deviceLabel(userAgent: string): string {
  const header = cleanText(userAgent.slice(0, USER_AGENT_MAX));
  if (header === "") return "Unknown device";
  const { browser, os } = Bowser.parse(header);
  // Programs introduce themselves as `curl/8.5.0`.
  const name = browser.name || /^[\w.-]+/.exec(header)?.[0] || "Unknown program";
  return (os.name ? `${name} on ${os.name}` : name).slice(0, LABEL_MAX);
}
