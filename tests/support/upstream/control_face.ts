import { z } from "zod";
import { CredentialSpec } from "./call_desk.ts";
import { FaultRule } from "./faults.ts";
import type { HttpConnection } from "./http_connection.ts";
import { SettingsChange } from "./settings.ts";
import type { Counts } from "./limits.ts";

/** What can be told to an upstream, and read off it. */
export interface Controlled {
  readonly sockets: number;
  credential(spec: CredentialSpec): unknown;
  faults(...rules: FaultRule[]): void;
  set(settings: SettingsChange): void;
  counts(): Counts;
  uses(): unknown;
  forget(): void;
}

/** What a test in the same process does by calling methods, for tests in another one. */
export async function serveControl(
  upstream: Controlled,
  connection: HttpConnection,
  method: string,
  path: string,
  body: Uint8Array,
): Promise<void> {
  const input = () => JSON.parse(new TextDecoder().decode(body));
  const reply = (value: unknown, status = 200) =>
    connection.answer(status, { "content-type": "application/json" }, JSON.stringify(value));
  try {
    switch (`${method} ${path}`) {
      case "POST /control/credentials":
        return await reply(upstream.credential(CredentialSpec.parse(input())));
      case "PUT /control/faults":
        upstream.faults(...z.array(FaultRule).parse(input()));
        return await reply({});
      case "PUT /control/settings":
        upstream.set(SettingsChange.parse(input()));
        return await reply({});
      case "GET /control/counts":
        return await reply({ all: upstream.counts(), uses: upstream.uses(), sockets: upstream.sockets });
      case "POST /control/forget":
        upstream.forget();
        return await reply({});
      default:
        return await reply({ message: "No such thing" }, 404);
    }
  } catch (error) {
    await reply({ message: String(error) }, 400);
  }
}
