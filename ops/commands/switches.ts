import { Switch, SWITCHES, Switches, SwitchName } from "protocol/switches.ts";
import { type Arguments, type Group, type Outcome, positionals, UsageError } from "./command.ts";
import type { Server } from "./server.ts";
import { table, time } from "./table.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

async function list(server: Server, args: Arguments): Promise<Outcome> {
  positionals(args);
  const { switches } = await server.get("/v1/switches", Switches);
  const columns = ["SWITCH", "IS", "BY", "SINCE", "LEFT"];
  return { data: { switches }, text: table(columns, switches.map(rowOf), "No switches") };
}

async function set(server: Server, args: Arguments): Promise<Outcome> {
  const name = nameOf(positionals(args, "name of the switch")[0]);
  const { for: given } = args.options;
  const changed = await server.put(
    `/v1/switches/${name}`,
    given === undefined ? {} : { forMs: duration(String(given)) },
    Switch,
  );
  const until = given === undefined ? "until it is cleared" : `for ${given}`;
  return { data: changed, text: `${name} is on, ${until}` };
}

async function clear(server: Server, args: Arguments): Promise<Outcome> {
  const name = nameOf(positionals(args, "name of the switch")[0]);
  const changed = await server.delete(`/v1/switches/${name}`, Switch);
  const stays = changed.on ? "; the load of the node that answered keeps it on there" : "";
  return { data: changed, text: `${name} is cleared${stays}` };
}

function nameOf(given: string): SwitchName {
  const { data } = SwitchName.safeParse(given);
  if (data === undefined) {
    throw new UsageError(`Cannot use ${JSON.stringify(given)}: it is one of ${SWITCHES.join(", ")}`);
  }
  return data;
}

/** `90s`, `10m`, `2h`, `1d`. */
function duration(given: string): number {
  const [, count, unit] = /^(\d{1,7})([smhd])$/.exec(given) ?? [];
  const ms = Number(count) * (UNITS[unit ?? ""] ?? NaN);
  if (ms > 0) return ms;
  throw new UsageError("Cannot use --for: it is a number with s, m, h or d behind it, as 10m");
}

function rowOf({ name, on, load, set }: Switch): string[] {
  const by = [...(set === undefined ? [] : [set.by]), ...(load ? ["load of this node"] : [])].join(", ");
  const left = set?.leftMs === undefined ? "" : `${Math.ceil(set.leftMs / 1_000)} s`;
  return [name, on ? "on" : "off", by, set === undefined ? "" : time(set.at), left];
}

export const switches: Group = {
  summary: "What can be turned off for a while so that the rest goes on",
  commands: {
    list: {
      usage: "list",
      summary: "List the switches, and which are on at the node that answers",
      run: list,
    },
    set: {
      usage: "set <name> [--for 10m]",
      summary: "Turn a switch on at all nodes, for a while or until it is cleared",
      options: { for: { type: "string" } },
      run: set,
    },
    clear: { usage: "clear <name>", summary: "Turn a switch off at all nodes", run: clear },
  },
};
