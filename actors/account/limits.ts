/** Times in milliseconds. */
export interface AccountLimits {
  /** A session that nobody refreshes for this long has ended. */
  readonly idleMs: number;
  /** A session ends this long after signing in, however often it is refreshed. */
  readonly sessionMaxMs: number;
  /** A refresh token is good for this long; the session may well end before. */
  readonly refreshTokenMs: number;
  /** For this long the token before the present one gets the same successor again. */
  readonly graceMs: number;
  /** Between two refreshes of one session; no less than `graceMs`, as only one token before the present one is known. */
  readonly refreshEveryMs: number;
  /** The longest that an access token lasts: so long a session that has ended stays among the revoked. */
  readonly accessTokenMs: number;
  /** For this long after its owner proved to be there a session may call what is sensitive. */
  readonly confirmedMs: number;
  /** Of one account; over that the oldest ends. */
  readonly sessionsMax: number;
  /** Addresses of one account. */
  readonly contactsMax: number;
  /** Whether a session ends when it is refreshed from another region. */
  readonly regionCheck: boolean;
  /** Of codes sent to contacts. */
  readonly code: { readonly ttlMs: number; readonly tries: number; readonly everyMs: number };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export const DEFAULT_ACCOUNT_LIMITS: AccountLimits = {
  idleMs: HOUR_MS,
  sessionMaxMs: 72 * HOUR_MS,
  refreshTokenMs: 168 * HOUR_MS,
  graceMs: MINUTE_MS,
  refreshEveryMs: MINUTE_MS,
  accessTokenMs: 30 * MINUTE_MS,
  confirmedMs: 10 * MINUTE_MS,
  sessionsMax: 20,
  contactsMax: 10,
  regionCheck: false,
  code: { ttlMs: 10 * MINUTE_MS, tries: 5, everyMs: MINUTE_MS },
};
