import type { LoginRow } from "../measures/logins.ts";
import type { AccountsPart, Spread } from "../parts/accounts.ts";
import { count, medians, micros, ms } from "./format.ts";
import { table } from "./table.ts";

export function renderAccounts(
  { rounds, occasion, tokens, passwords, logins, endings }: AccountsPart,
): string {
  const facts = `${medians(rounds)} Measured ${occasion.date}, load average before: ${occasion.loadAverage}.`;
  return [facts, renderTokens(tokens), renderLogins(logins, passwords), renderEndings(endings)].join("\n\n");
}

function renderTokens({ header, cookie, queries }: AccountsPart["tokens"]): string {
  const checks = table(["Check of a token", "By header", "By cookie"], [
    ["seen for the first time", micros(header.firstUs), micros(cookie.firstUs)],
    ["seen before", micros(header.knownUs), micros(cookie.knownUs)],
  ]);
  return `${checks}\n\nQueries of the database by all these checks: ${count(queries)}.`;
}

function renderLogins(
  { load, idle, carried, excess }: AccountsPart["logins"],
  { workers, memoryKib, iterations, oneMs, perSecond }: AccountsPart["passwords"],
): string {
  const facts = `Logins at an embedded node with ${count(load.accounts)} accounts, windows of ` +
    `${load.windowMs / 1_000} s. Argon2id takes ${
      memoryKib / 1_024
    } MiB and ${iterations} passes; with nothing around ` +
    `it, one takes ${ms(oneMs)} and ${workers} threads do ${perSecond.toFixed(1)} a second.`;
  const row = (name: string, { signedIn, refused, p50, p99, lagP50, lagP99, lagMax }: LoginRow) => [
    name,
    signedIn.toFixed(1),
    refused.toFixed(1),
    ...[p50, p99, lagP50, lagP99, lagMax].map(ms),
  ];
  return facts + "\n\n" + table(
    ["Logins", "Signed in/s", "Refused/s", "p50", "p99", "Loop late p50", "Loop late p99", "Longest"],
    [
      row("none", idle),
      row(`${load.inFlight} at any time`, carried),
      row(`${count(excess.offered)} a second`, excess),
    ],
  );
}

function renderEndings({ load, single, together }: AccountsPart["endings"]): string {
  const sessions = count(load.accounts * load.sessions);
  const facts =
    `${sessions} sessions of ${load.accounts} accounts, each with a socket on each of ${load.nodes} nodes, ` +
    "ended through all of them in turn: one after the other, then of all accounts all but one at once.";
  const row = (
    name: string,
    { count: n, p50, p99, max }: Spread,
  ) => [name, count(n), ms(p50), ms(p99), ms(max)];
  return facts + "\n\n" + table(["From the request that ends sessions", "Count", "p50", "p99", "Longest"], [
    row("one: to its answer", single.answered),
    row("one: to each closed socket", single.closed),
    row("all: to the answers", together.answered),
    row("all: to each closed socket", together.closed),
  ]);
}
