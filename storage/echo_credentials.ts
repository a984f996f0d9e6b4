import { BarrageError } from "protocol/errors.ts";
import type { CredentialRecord, CredentialStore, UseRecord } from "./ai_storage.ts";

export const ECHO_IDS = ["0000000000000000000000ECH1", "0000000000000000000000ECH2"] as const;

const USES: readonly UseRecord[] = (["text", "image", "slides"] as const).map((feature) => ({
  feature,
  model: "echo",
  upstreamModel: "echo",
  inFlightMax: 2,
  startsPerSecond: 2,
  contextTokens: 128_000,
}));

const ECHO: readonly CredentialRecord[] = ECHO_IDS.map((id, index) => ({
  id,
  provider: "echo",
  label: `Built in ${index + 1}`,
  sealed: {},
  keyVersion: 0,
  uses: USES,
  state: "enabled",
  builtIn: true,
  createdAt: 0,
  changedAt: 0,
}));

/** With two credentials more, which have no secret, lie nowhere and cannot be changed. */
export function withEcho(stored: CredentialStore): CredentialStore {
  const refuse = (id: string) => {
    if (ECHO.some((echo) => echo.id === id)) {
      throw new BarrageError(
        "conflict",
        `Cannot change AI key ${id}: it is built in; AI_ECHO=off removes it`,
      );
    }
  };
  return {
    create: (credential, max) => stored.create(credential, max),
    async update(id, patch) {
      refuse(id);
      return await stored.update(id, patch);
    },
    reseal: (from, to) => stored.reseal(from, to),
    async delete(id) {
      refuse(id);
      return await stored.delete(id);
    },
    read: async (id) => ECHO.find((echo) => echo.id === id) ?? await stored.read(id),
    list: async () => [...ECHO, ...await stored.list()],
  };
}
