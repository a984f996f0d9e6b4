import { z } from "zod";
import { Account, Accounts, Login, LoginSessions, SiteRole } from "protocol/accounts.ts";
import { Ulid } from "protocol/ids.ts";
import {
  type Arguments,
  type Group,
  numberOption,
  type Outcome,
  positionals,
  UsageError,
} from "./command.ts";
import { type Server, ServerError } from "./server.ts";
import { sheet, table, time } from "./table.ts";

const Ended = z.object({ ended: z.int() });

/** @throws {ServerError} when there is none. */
export async function accountId(server: Server, given: string): Promise<string> {
  if (Ulid.safeParse(given).success) return given;
  const login = Login.safeParse(given);
  if (!login.success) {
    throw new UsageError(`Cannot use ${JSON.stringify(given)}: it is neither a login nor an id`);
  }
  const query = new URLSearchParams({ login: login.data });
  const [found] = (await server.get(`/v1/accounts?${query}`, Accounts)).accounts;
  if (found === undefined) throw new ServerError(`No account has the login ${login.data}`);
  return found.id;
}

async function list(server: Server, args: Arguments): Promise<Outcome> {
  positionals(args);
  const query = new URLSearchParams({ limit: String(numberOption(args, "limit", 1, 500)) });
  if (typeof args.options["after"] === "string") query.set("after", args.options["after"]);
  const page = await server.get(`/v1/accounts?${query}`, Accounts);
  const rows = page.accounts.map(({ login, name, role, state, createdAt, id }) => [
    ...[login, name, state === "removed" ? "removed" : role],
    ...[time(createdAt), id],
  ]);
  const more = page.next === undefined ? "" : `\nThere are more: --after ${page.next}`;
  return { data: page, text: table(["LOGIN", "NAME", "ROLE", "SINCE", "ID"], rows, "No accounts") + more };
}

async function show(server: Server, args: Arguments): Promise<Outcome> {
  const [login] = positionals(args, "login");
  const account = await server.get(`/v1/accounts/${await accountId(server, login)}`, Account);
  return { data: account, text: sheetOf(account) };
}

async function role(server: Server, args: Arguments): Promise<Outcome> {
  const [login, given] = positionals(args, "login", "role: user or operator");
  const role = SiteRole.safeParse(given);
  if (!role.success) {
    throw new UsageError(`Cannot use the role ${JSON.stringify(given)}: it is user or operator`);
  }
  const path = `/v1/accounts/${await accountId(server, login)}`;
  const account = await server.patch(path, { role: role.data }, Account);
  return { data: account, text: `${account.login} is ${account.role} now` };
}

async function endSessions(server: Server, args: Arguments): Promise<Outcome> {
  const [login] = positionals(args, "login");
  const data = await server.delete(`/v1/accounts/${await accountId(server, login)}/sessions`, Ended);
  return { data, text: `Ended ${data.ended} sessions of ${login}` };
}

async function remove(server: Server, args: Arguments): Promise<Outcome> {
  const [login] = positionals(args, "login");
  if (args.options["yes"] !== true) throw new UsageError(`Add --yes: ${login} cannot be brought back`);
  const id = await accountId(server, login);
  await server.delete(`/v1/accounts/${id}`, z.undefined());
  return { data: { id }, text: `Removed ${login}; the login stays taken` };
}

export const accounts: Group = {
  summary: "Who has an account here",
  commands: {
    list: {
      usage: "list [--after LOGIN] [--limit 100]",
      summary: "List accounts by login",
      options: { after: { type: "string" }, limit: { type: "string", default: "100" } },
      run: list,
    },
    show: { usage: "show <login>", summary: "Show one account", run: show },
    role: {
      usage: "role <login> user|operator",
      summary: "Make somebody an operator, or none any more; ends their sessions",
      run: role,
    },
    "end-sessions": {
      usage: "end-sessions <login>",
      summary: "Sign somebody out everywhere",
      run: endSessions,
    },
    remove: {
      usage: "remove <login> --yes",
      summary: "Remove an account for good",
      options: { yes: { type: "boolean", default: false } },
      run: remove,
    },
  },
};

export const sessions: Group = {
  summary: "Where somebody is signed in",
  commands: {
    list: {
      usage: "list <login>",
      summary: "List the sessions of an account",
      async run(server, args) {
        const [login] = positionals(args, "login");
        const data = await server.get(
          `/v1/accounts/${await accountId(server, login)}/sessions`,
          LoginSessions,
        );
        const rows = data.sessions.map(({ id, device, place, createdAt, usedAt, endsAt }) => [
          ...[device, place],
          ...[createdAt, usedAt, endsAt].map(time),
          id,
        ]);
        const columns = ["DEVICE", "PLACE", "SINCE", "USED", "ENDS", "ID"];
        return { data, text: table(columns, rows, `${login} is not signed in`) };
      },
    },
  },
};

function sheetOf({ id, login, name, role, createdAt, hasPassword, contacts, identities }: Account): string {
  return sheet({
    ...{ login, id, name, role },
    since: time(createdAt),
    password: hasPassword ? "yes" : "none",
    contacts: contacts.map(({ address }) => address).join(", ") || "none",
    "signs in with": identities.map(({ provider }) => provider).join(", ") || "nothing else",
  });
}
