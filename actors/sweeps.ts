import type { Storage } from "storage/storage.ts";
import type { Sweep } from "./sweeper.ts";

type Stores = Pick<Storage, "sessions" | "revocations" | "tokenKeys" | "oidcFlows" | "audit" | "reports">;

/** What is over some time; the rows of nodes are not, as their epochs must never begin again. */
export function sweepsOf(
  { sessions, revocations, tokenKeys, oidcFlows, audit, reports }: Stores,
  { idleMs, auditMs }: { readonly idleMs: number; readonly auditMs: number },
): Sweep[] {
  return [
    { what: "sessions and codes", remove: (now, limit) => sessions.sweep(now, idleMs, limit) },
    { what: "revocations", remove: (now, limit) => revocations.sweep(now, limit) },
    { what: "token keys", remove: (now, limit) => tokenKeys.sweep(now, limit) },
    { what: "sign-ins elsewhere", remove: (now, limit) => oidcFlows.sweep(now, limit) },
    { what: "reports", remove: (now, limit) => reports.sweep(now - auditMs, limit) },
    { what: "audit lines", remove: (now, limit) => audit.sweep(now - auditMs, limit) },
  ];
}
