import { deepEqual, equal, notEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  digest,
  formatRefreshToken,
  parseRefreshToken,
  randomSecret,
  type RefreshToken,
  successorOf,
} from "routes/refresh_tokens.ts";

const ulids = fc.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
const secrets = fc.uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => bytes.toBase64({ alphabet: "base64url", omitPadding: true }));
const tokens: fc.Arbitrary<RefreshToken> = fc.record({ account: ulids, session: ulids, secret: secrets });

Deno.test("[S25] a refresh token is read as it was written", () => {
  fc.assert(fc.property(tokens, (token) => {
    deepEqual(parseRefreshToken(formatRefreshToken(token)), token);
  }));
});

Deno.test("[S25] nothing else is a refresh token", () => {
  fc.assert(fc.property(tokens, fc.string(), fc.nat(), (token, noise, place) => {
    const text = formatRefreshToken(token);
    equal(parseRefreshToken(noise), undefined);
    equal(parseRefreshToken(`${text}.${noise}`), undefined);
    equal(parseRefreshToken(`${text}\n`), undefined);
    equal(parseRefreshToken(text.slice(0, place % text.length)), undefined);
    equal(parseRefreshToken(text.replace(/\./, "")), undefined);
  }));
});

Deno.test("[S25] secrets never repeat and have 256 bits", () => {
  const made = Array.from({ length: 1_000 }, randomSecret);
  equal(new Set(made).size, made.length);
  for (const secret of made) equal(Uint8Array.fromBase64(secret, { alphabet: "base64url" }).length, 32);
});

Deno.test("[S26] whoever has the token makes the same successor again with the same salt", () => {
  fc.assert(fc.property(tokens, secrets, (token, salt) => {
    const next = successorOf(token, salt);
    deepEqual(successorOf(token, salt), next);
    deepEqual(parseRefreshToken(formatRefreshToken(next)), next);
    deepEqual({ ...next, secret: "" }, { ...token, secret: "" });
  }));
});

Deno.test("[S26] another salt, or another token, makes another successor", () => {
  fc.assert(fc.property(tokens, secrets, secrets, (token, one, other) => {
    fc.pre(one !== other);
    notEqual(successorOf(token, one).secret, successorOf(token, other).secret);
    notEqual(
      successorOf({ ...token, secret: other }, one).secret,
      successorOf({ ...token, secret: one }, one).secret,
    );
  }));
});

Deno.test("[S26] what is stored is no token: neither the hash nor the salt makes the successor", () => {
  fc.assert(fc.property(tokens, secrets, (token, salt) => {
    const next = successorOf(token, salt);
    const stored = [digest(token.secret), digest(next.secret), salt];
    for (const secret of stored) {
      notEqual(secret, next.secret);
      notEqual(successorOf({ ...token, secret }, salt).secret, next.secret);
    }
  }));
});

Deno.test("[S26] hashes and successors are SHA-256 and HMAC-SHA-256", () => {
  equal(digest("abc"), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  // RFC 4231, test case 2.
  const { secret } = successorOf(
    { account: "", session: "", secret: "Jefe" },
    "what do ya want for nothing?",
  );
  equal(secret, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM");
});
