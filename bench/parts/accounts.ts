import { type Occasion, occasionNow } from "../machine.ts";
import { type EndingLoad, type Endings, measureEndedSessions } from "../measures/ended_sessions.ts";
import { type LoginLoad, type LoginRow, type Logins, measureLogins } from "../measures/logins.ts";
import { runMicro } from "../micro/run.ts";
import { medianRow, percentile } from "../statistics.ts";

/** Microseconds for a token that was not seen before, and for one that was. */
interface CheckTimes {
  readonly firstUs: number;
  readonly knownUs: number;
}

interface TokenChecks {
  readonly header: CheckTimes;
  readonly cookie: CheckTimes;
  /** Of the database, by all checks of all rounds. */
  readonly queries: number;
}

interface PasswordChecks {
  readonly workers: number;
  readonly memoryKib: number;
  readonly iterations: number;
  readonly oneMs: number;
  /** By all workers. */
  readonly perSecond: number;
}

/** In ms. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

interface EndingSpread {
  readonly answered: Spread;
  readonly closed: Spread;
}

export interface AccountsPart {
  readonly rounds: number;
  readonly occasion: Occasion;
  readonly tokens: TokenChecks;
  readonly passwords: PasswordChecks;
  readonly logins: Logins & { readonly load: LoginLoad };
  readonly endings: {
    readonly load: EndingLoad;
    readonly single: EndingSpread;
    readonly together: EndingSpread;
  };
}

export interface AccountsTerms {
  /** Of each case of a check, without HTTP. */
  readonly seconds: number;
  readonly logins: LoginLoad;
  readonly endings: EndingLoad;
}

export async function runAccounts(
  terms: AccountsTerms,
  rounds: number,
  report: (line: string) => void,
): Promise<AccountsPart> {
  const occasion = occasionNow();
  const tokens: TokenChecks[] = [];
  const passwords: PasswordChecks[] = [];
  const logins: Logins[] = [];
  for (let round = 1; round <= rounds; round++) {
    report(`tokens and logins, round ${round} of ${rounds}`);
    tokens.push(await runMicro<TokenChecks>("tokens.ts", [terms.seconds]));
    passwords.push(await runMicro<PasswordChecks>("passwords.ts", [terms.seconds]));
    logins.push(await measureLogins(terms.logins));
  }
  const { single, together } = await measureEndedSessions(terms.endings, report);
  const login = <R extends LoginRow>(of: (each: Logins) => R) => middle(logins.map(of));
  return {
    rounds,
    occasion,
    tokens: {
      header: middle(tokens.map(({ header }) => header)),
      cookie: middle(tokens.map(({ cookie }) => cookie)),
      queries: tokens.reduce((sum, { queries }) => sum + queries, 0),
    },
    passwords: middle(passwords),
    logins: {
      load: terms.logins,
      idle: login(({ idle }) => idle),
      carried: login(({ carried }) => carried),
      excess: login(({ excess }) => excess),
    },
    endings: { load: terms.endings, single: spreads(single), together: spreads(together) },
  };
}

function middle<T extends object>(rows: readonly T[]): T {
  const [first, ...more] = rows;
  return medianRow([first!, ...more]);
}

function spreads({ answeredMs, closedMs }: Endings): EndingSpread {
  return { answered: spread(answeredMs), closed: spread(closedMs) };
}

function spread(values: readonly number[]): Spread {
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(values, share));
  return { count: values.length, p50: p50!, p99: p99!, max: max! };
}
