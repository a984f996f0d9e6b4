import * as client from "openid-client";
import { BarrageError, type Reason } from "protocol/errors.ts";

/** Codes of the library for answers that are no answers. */
const OUTAGES: readonly unknown[] = [
  "OAUTH_TIMEOUT",
  "OAUTH_ABORT",
  "OAUTH_RESPONSE_IS_NOT_CONFORM",
  "OAUTH_RESPONSE_IS_NOT_JSON",
  "OAUTH_PARSE_ERROR",
];
/** What a provider says when it is not the person's fault (RFC 6749, 4.1.2.1). */
const TEMPORARY: readonly unknown[] = ["server_error", "temporarily_unavailable"];

const SENTENCES = {
  unavailable: "Cannot reach the provider",
  forbidden: "The provider lets nobody in",
  unauthenticated: "The provider's answer is not valid",
} as const satisfies Partial<Record<Reason, string>>;

/** What went wrong with a provider, without a word of what it, or whoever came from there, has said. */
export function providerError(error: unknown): BarrageError {
  if (error instanceof BarrageError) return error;
  const reason = reasonOf(error);
  return reason === undefined ? BarrageError.from(error) : new BarrageError(reason, SENTENCES[reason]);
}

function reasonOf(error: unknown): keyof typeof SENTENCES | undefined {
  if (error instanceof client.AuthorizationResponseError) {
    return TEMPORARY.includes(error.error) ? "unavailable" : "forbidden";
  }
  if (error instanceof client.ResponseBodyError) {
    return error.error === "invalid_grant" ? "unauthenticated" : "unavailable";
  }
  if (error instanceof client.ClientError) {
    return OUTAGES.includes(error.code) ? "unavailable" : "unauthenticated";
  }
  // Of fetch, or a server that wants the client to be somebody else.
  if (error instanceof TypeError || error instanceof client.WWWAuthenticateChallengeError) {
    return "unavailable";
  }
  return undefined;
}

/** For the log: the library's own words and codes. Its causes hold codes and tokens. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const codes = ["code", "error"].flatMap((key) => {
    const code: unknown = Reflect.get(error, key);
    return typeof code === "string" && /^[\w.-]{1,64}$/.test(code) ? [code] : [];
  });
  return codes.length === 0 ? error.message : `${error.message} (${codes.join(", ")})`;
}
