import { z } from "zod";
import { type ApiKey, ApiKeys, NewApiKey, SCOPES } from "protocol/api_keys.ts";
import { Ulid } from "protocol/ids.ts";
import {
  type Arguments,
  type Group,
  numberOption,
  type Outcome,
  positionals,
  UsageError,
} from "./command.ts";
import type { Server } from "./server.ts";
import { table, time } from "./table.ts";

async function create(server: Server, args: Arguments): Promise<Outcome> {
  const [name] = positionals(args, "name of the key");
  const scopes = String(args.options["scopes"] ?? "").split(",").map((scope) => scope.trim()).filter(Boolean);
  if (scopes.length === 0) throw new UsageError(`Give --scopes, of ${SCOPES.join(", ")}`);
  const days = numberOption(args, "days", 1, 3_650);
  const data = await server.post("/v1/api-keys", { name, scopes, days }, NewApiKey);
  const text = `${data.key}\nKeep it: it is shown this once. It ends ${time(data.expiresAt)}`;
  return { data, text };
}

async function list(server: Server, args: Arguments): Promise<Outcome> {
  positionals(args);
  const data: ApiKey[] = [];
  let before: string | undefined;
  do {
    const query = new URLSearchParams({ limit: "500", ...(before === undefined ? {} : { before }) });
    const page: z.infer<typeof ApiKeys> = await server.get(`/v1/api-keys?${query}`, ApiKeys);
    data.push(...page.keys);
    before = page.next;
  } while (before !== undefined);
  const rows = data.map(({ id, name, scopes, createdAt, expiresAt, revokedAt }) => [
    ...[id, name, scopes.join(","), time(createdAt)],
    revokedAt === undefined ? time(expiresAt) : `revoked ${time(revokedAt)}`,
  ]);
  return { data: { keys: data }, text: table(["ID", "NAME", "SCOPES", "SINCE", "ENDS"], rows, "No keys") };
}

async function revoke(server: Server, args: Arguments): Promise<Outcome> {
  const [id] = positionals(args, "id of the key");
  if (!Ulid.safeParse(id).success) throw new UsageError("Cannot use the id: `keys list` shows ids");
  await server.delete(`/v1/api-keys/${id}`, z.undefined());
  return { data: { id }, text: `Revoked ${id}` };
}

export const keys: Group = {
  summary: "API keys, with which programs act",
  commands: {
    create: {
      usage: "create <name> --scopes rooms,messages [--days 365]",
      summary: `Make a key; scopes are ${SCOPES.join(", ")}`,
      options: { scopes: { type: "string" }, days: { type: "string", default: "365" } },
      run: create,
    },
    list: { usage: "list", summary: "List all keys, revoked ones too", run: list },
    revoke: { usage: "revoke <id>", summary: "Make a key useless at once", run: revoke },
  },
};
