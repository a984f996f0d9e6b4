import { Ulid } from "protocol/ids.ts";
import { Report, ReportOutcome, ReportPage } from "protocol/reports.ts";
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

const STATES = ["open", "settled", "all"];

async function list(server: Server, args: Arguments): Promise<Outcome> {
  positionals(args);
  const query = new URLSearchParams({ limit: String(numberOption(args, "limit", 1, 100)) });
  const { state, before } = args.options;
  if (!STATES.includes(String(state))) {
    throw new UsageError(`Cannot use --state: it is one of ${STATES.join(", ")}`);
  }
  if (state !== "all") query.set("state", String(state));
  if (typeof before === "string") query.set("before", before);
  const page = await server.get(`/v1/reports?${query}`, ReportPage);
  const more = page.next === undefined ? "" : `\nThere are more: --before ${page.next}`;
  const columns = ["ID", "AT", "STATE", "REASON", "BY", "SENDER", "SAID", "NOTE"];
  return { data: page, text: table(columns, page.reports.map(rowOf), "No reports") + more };
}

function rowOf({ id, at, state, outcome, reason, reporter, message, note }: Report): string[] {
  return [
    ...[id, time(at), outcome ?? state, reason, reporter.name, message.sender.name],
    // In one line, whatever was written.
    ...[said(message), note === undefined ? "" : JSON.stringify(note)],
  ];
}

function said(message: Report["message"]): string {
  if (message.kind !== "sent") return message.kind;
  const { text, attachments = [] } = message;
  const attached = attachments.map(({ type, url }) => `[${type} ${url}]`);
  return [...(text === undefined ? [] : [JSON.stringify(text)]), ...attached].join(" ");
}

async function settle(server: Server, args: Arguments): Promise<Outcome> {
  const [id, outcome] = positionals(args, "id of the report", "outcome");
  if (!Ulid.safeParse(id).success) throw new UsageError("Cannot use the id: `reports list` shows ids");
  if (!ReportOutcome.safeParse(outcome).success) {
    throw new UsageError(`Cannot use the outcome: it is one of ${ReportOutcome.options.join(", ")}`);
  }
  const report = await server.patch(`/v1/reports/${id}`, { outcome }, Report);
  return { data: report, text: `Settled ${id}: ${outcome}` };
}

export const reports: Group = {
  summary: "Messages that members have reported",
  commands: {
    list: {
      usage: "list [--state open|settled|all] [--before ID] [--limit 20]",
      summary: "List reports, the newest first, with the message as it stood then",
      options: {
        state: { type: "string", default: "open" },
        before: { type: "string" },
        limit: { type: "string", default: "20" },
      },
      run: list,
    },
    settle: {
      usage: "settle <id> upheld|dismissed",
      summary: "Settle an open report; what you do about the message or its sender is up to you",
      run: settle,
    },
  },
};
