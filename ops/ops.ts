import { parseArgs } from "node:util";
import { accounts, sessions } from "./commands/accounts.ts";
import { ai } from "./commands/ai.ts";
import { audit } from "./commands/audit.ts";
import {
  type Arguments,
  type Command,
  type Group,
  type SecretInput,
  UsageError,
} from "./commands/command.ts";
import { hot } from "./commands/hot.ts";
import { keys } from "./commands/keys.ts";
import { messages } from "./commands/messages.ts";
import { reports } from "./commands/reports.ts";
import { rooms } from "./commands/rooms.ts";
import { STANDARD_INPUT } from "./commands/secret_input.ts";
import { Server, ServerError } from "./commands/server.ts";
import { switches } from "./commands/switches.ts";

const GROUPS: Readonly<Record<string, Group>> = {
  accounts,
  ai,
  audit,
  hot,
  keys,
  messages,
  reports,
  rooms,
  sessions,
  switch: switches,
};

const COMMON = {
  url: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const OPTIONS = `Everywhere:
  --url URL   the server (http://HOST:PORT, as in the environment)
  --json      print JSON
  --help      what there is
The key comes from BARRAGE_KEY, or else from operator_key in DATA_DIR, which a server makes when it starts.`;

interface Output {
  readonly code: 0 | 1 | 2;
  readonly text: string;
  /** Done, and what was found is bad news: an answer all the same. */
  readonly answered?: true;
}

type Env = (name: string) => string | undefined;

/** Does what was typed after `deno task ops`: 0 when it was done, 1 when the server refused, 2 when it made no sense. */
export async function operate(
  words: readonly string[],
  env: Env,
  progress: (line: string) => void = () => {},
  secrets: SecretInput = STANDARD_INPUT,
): Promise<Output> {
  const [group, ...typed] = words;
  const commands = Object.hasOwn(GROUPS, group ?? "") ? GROUPS[group ?? ""]?.commands : undefined;
  // Names have one word, or two.
  const name = [1, 2].map((count) => typed.slice(0, count).join(" "))
    .find((name) => commands !== undefined && Object.hasOwn(commands, name));
  const command = name === undefined ? undefined : commands?.[name];
  const rest = name === undefined ? [] : typed.slice(name.split(" ").length);
  if (command === undefined) {
    const asked = words.includes("--help") || words.includes("help");
    const text = commands === undefined ? manual(GROUPS) : manual({ [group!]: GROUPS[group!]! });
    if (asked) return { code: 0, text };
    // Behind the manual, where somebody at a terminal looks.
    const what = words.slice(0, 2).join(" ");
    const why = what === "" ? "Give a command" : `Cannot do ${JSON.stringify(what)}: that is no command`;
    return { code: 2, text: `${text}\n\n${why}` };
  }
  try {
    return await run(group!, command, rest, env, { progress, secrets });
  } catch (error) {
    if (error instanceof ServerError) return { code: 1, text: error.message };
    if (error instanceof UsageError || isParseError(error)) {
      return { code: 2, text: `${error.message}\n${usageOf(group!, command)}` };
    }
    throw error;
  }
}

async function run(
  group: string,
  command: Command,
  args: readonly string[],
  env: Env,
  at: Pick<Arguments, "progress" | "secrets">,
): Promise<Output> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...COMMON, ...command.options },
    allowPositionals: true,
  });
  const { url, json, help, ...options } = values as Record<string, string | boolean | undefined>;
  if (help === true) return { code: 0, text: `${usageOf(group, command)}\n${OPTIONS}` };
  const server = new Server(serverUrl(typeof url === "string" ? url : undefined, env), await readKey(env));
  const { text, data, failed } = await command.run(server, { positionals, options, ...at });
  const shown = json === true ? JSON.stringify(data, null, 2) : text;
  return failed === true ? { code: 1, text: shown, answered: true } : { code: 0, text: shown };
}

/** @throws {UsageError} */
function serverUrl(given: string | undefined, env: Env): URL {
  const host = env("HOST") || "127.0.0.1";
  // A server that listens everywhere is also here.
  const near = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  const text = given ?? `http://${near.includes(":") ? `[${near}]` : near}:${env("PORT") || "8080"}`;
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) {
    throw new UsageError(`Cannot use --url ${JSON.stringify(text)}: it must be http:// or https://`);
  }
  return new URL(text);
}

/** @throws {ServerError} when there is none, or it may not be read. */
async function readKey(env: Env): Promise<string> {
  const given = env("BARRAGE_KEY");
  if (given) return given.trim();
  const path = `${(env("DATA_DIR") || "data").replace(/\/+$/, "")}/operator_key`;
  try {
    return (await Deno.readTextFile(path)).trim();
  } catch (cause) {
    throw new ServerError(
      `Cannot read ${path}: set DATA_DIR to that of a server that has been started, or set BARRAGE_KEY`,
      { cause },
    );
  }
}

function manual(groups: Readonly<Record<string, Group>>): string {
  const sections = Object.entries(groups).map(([group, { summary, commands }]) =>
    [
      `${summary}:`,
      ...Object.values(commands).flatMap(({ usage, summary }) => [`  ${group} ${usage}`, `      ${summary}`]),
    ]
      .join("\n")
  );
  return [`Runs a server: deno task ops <what> <command>`, ...sections, OPTIONS].join("\n\n");
}

function usageOf(group: string, { usage, summary }: Command): string {
  return `deno task ops ${group} ${usage}\n  ${summary}`;
}

/** What `parseArgs` throws for an option it does not know, or one without its value. */
function isParseError(error: unknown): error is TypeError & { code: string } {
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

if (import.meta.main) {
  const { code, text, answered } = await operate(Deno.args, (name) => Deno.env.get(name), console.error);
  if (code === 0 || answered) console.log(text);
  else console.error(text);
  Deno.exit(code);
}
