import { type AuditLine, AuditPage } from "protocol/audit.ts";
import { Login } from "protocol/accounts.ts";
import { Ulid } from "protocol/ids.ts";
import { accountId } from "./accounts.ts";
import { type Arguments, type Group, numberOption, type Outcome, UsageError } from "./command.ts";
import type { Server } from "./server.ts";
import { table, time } from "./table.ts";

/** The hash of a login that nobody has, as the log tells it. */
const HASH = /^[\w-]{43}$/;

async function list(server: Server, args: Arguments): Promise<Outcome> {
  const [given, ...more] = args.positionals;
  if (more.length > 0) throw new UsageError(`Cannot use ${JSON.stringify(more[0])}: that is too much`);
  const query = new URLSearchParams({ limit: String(numberOption(args, "limit", 1, 500)) });
  const { before } = args.options;
  if (typeof before === "string") query.set("before", before);
  if (given !== undefined) query.set("subject", await subjectOf(server, given));
  const page = await server.get(`/v1/audit?${query}`, AuditPage);
  const columns = ["AT", "EVENT", "SUBJECT", "BY", "ADDRESS", "DEVICE", "DETAIL"];
  const next = page.next === undefined ? "" : `\nThere are more: --before ${page.next}`;
  return { data: page, text: table(columns, page.events.map(rowOf), "Nothing happened") + next };
}

/** A login needs a key that may also read accounts; ids, those of keys too, do not. */
async function subjectOf(server: Server, given: string): Promise<string> {
  if (Ulid.safeParse(given).success || (HASH.test(given) && !Login.safeParse(given).success)) return given;
  return await accountId(server, given);
}

function rowOf({ at, event, subject, actor, address, device, detail }: AuditLine): string[] {
  const details = Object.entries(detail ?? {}).map(([name, value]) => `${name}=${value}`).join(" ");
  return [
    time(at),
    event,
    subject,
    actor === subject ? "itself" : actor,
    address ?? "",
    device ?? "",
    details,
  ];
}

export const audit: Group = {
  summary: "What happened to accounts and keys",
  commands: {
    list: {
      usage: "list [<login>] [--before ID] [--limit 50]",
      summary: "List the audit log, or what concerns one account or key, the newest first",
      options: { before: { type: "string" }, limit: { type: "string", default: "50" } },
      run: list,
    },
  },
};
