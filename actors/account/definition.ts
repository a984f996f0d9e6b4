import { z } from "zod";
import { Account, ContactKind, LoginSessions, Profile, SiteRole, UpdateProfile } from "protocol/accounts.ts";
import { Ulid } from "protocol/ids.ts";
import { User } from "protocol/users.ts";
import { defineActor } from "actors/runtime/definition.ts";

const Nothing = z.strictObject({});
/** SHA-256, base64url. Only hashes of tokens travel between nodes. */
const Digest = z.string().regex(/^[\w-]{43}$/);
/** A password's hash in PHC string format (argon2id). Whether a password fits is found out before, off the bus. */
const PasswordHash = z.string().max(256);
/** Of a code, made as that of a password: on a plain hash anybody could try all codes. */
const CodeHash = PasswordHash;

/** Where and with what somebody signs in. */
export const Arrival = z.strictObject({
  /** Hash of the secret that the device keeps besides the refresh token. */
  deviceHash: Digest,
  /** "Firefox on Linux". */
  device: z.string().max(64),
  address: z.string().max(64),
  region: z.string().max(64).optional(),
});
export type Arrival = z.infer<typeof Arrival>;

const Identity = z.strictObject({
  provider: z.string().max(64),
  issuer: z.string().max(1_024),
  subject: z.string().max(255),
});

/** How the border knows that it is this account's owner. */
const Proof = z.discriminatedUnion("by", [
  /** The password fitted this hash; refused when the account has another one by now. */
  z.strictObject({ by: z.literal("password"), hash: PasswordHash }),
  z.strictObject({ by: z.literal("identity"), issuer: z.string(), subject: z.string() }),
]);

const SessionOpened = z.object({
  user: User,
  role: SiteRole,
  session: Ulid,
  /** Milliseconds since 1970. */
  endsAt: z.int(),
});

/** One account: who it is, how it signs in, and where it is signed in. Its mailbox makes refreshing twice at once harmless. */
export const accountActor = defineActor({
  kind: "account",
  placement: "shard",
  key: Ulid,
  noun: "account",
  verbs: {
    create: {
      input: z.strictObject({
        login: z.string(),
        name: z.string(),
        password: PasswordHash.optional(),
        identity: Identity.optional(),
        /** The guest who becomes this account: its token must not be good any more. */
        guest: z.strictObject({ session: Ulid, until: z.int() }).optional(),
      }),
      output: Account,
    },
    signIn: {
      input: z.strictObject({
        proof: Proof,
        session: Ulid,
        refreshHash: Digest,
        arrival: Arrival,
        /** The same password, hashed as one would today. */
        rehashed: PasswordHash.optional(),
      }),
      output: SessionOpened,
    },
    /**
     * Takes the presented refresh token for the next one. `salt` makes the next token out of the presented one, so a
     * repeated call can be given the same successor although only hashes are kept.
     */
    refresh: {
      input: z.strictObject({
        session: Ulid,
        presentedHash: Digest,
        salt: Digest,
        nextHash: Digest,
        arrival: Arrival,
      }),
      output: SessionOpened.extend({ salt: Digest }),
    },
    /** Ends one session, or all, or all but the caller's own; or the one whose tokens somebody shows. */
    signOut: {
      input: z.discriminatedUnion("which", [
        z.strictObject({ which: z.literal("one"), session: Ulid }),
        z.strictObject({ which: z.literal("all") }),
        z.strictObject({ which: z.literal("others") }),
        z.strictObject({
          which: z.literal("presented"),
          session: Ulid,
          refreshHash: Digest,
          deviceHash: Digest,
        }),
      ]),
      output: z.object({ ended: z.int() }),
    },
    sessions: { input: Nothing, output: LoginSessions },
    /** The password was asked for again and fits `hash`: sensitive verbs are open to this session for a while. */
    confirm: { input: z.strictObject({ session: Ulid, proof: Proof }), output: Nothing },
    /** Sensitive, and nothing else: for what is sensitive and no account owns, as making an API key. */
    assertConfirmed: { input: Nothing, output: Nothing },
    profile: { input: Nothing, output: Profile },
    read: { input: Nothing, output: Account },
    update: { input: UpdateProfile, output: Account },
    /** Sensitive. Ends every other session. */
    setPassword: { input: z.strictObject({ hash: PasswordHash }), output: z.object({ ended: z.int() }) },
    /** Forgotten: a code that was sent to a contact stands for the old one. Ends every session. */
    resetPassword: {
      input: z.strictObject({
        hash: PasswordHash,
        codeHash: CodeHash,
        from: Arrival.pick({ address: true, device: true }),
      }),
      output: Nothing,
    },
    /** Keeps the hash of a code that was sent there. */
    sendCode: {
      input: z.strictObject({
        purpose: z.enum(["contact", "reset"]),
        kind: ContactKind,
        address: z.string().max(320),
        codeHash: CodeHash,
      }),
      output: Nothing,
    },
    /** Sensitive. The code that was sent there proves the address. */
    addContact: { input: z.strictObject({ codeHash: CodeHash }), output: Account },
    removeContact: {
      input: z.strictObject({ kind: ContactKind, address: z.string().max(320) }),
      output: Account,
    },
    /** Sensitive. The border has the provider's proof. */
    link: { input: z.strictObject({ identity: Identity }), output: Account },
    unlink: { input: z.strictObject({ provider: z.string().max(64) }), output: Account },
    setRole: { input: z.strictObject({ role: SiteRole }), output: Account },
    /** Sensitive. The login stays taken, so that nobody else can pose as who is gone. */
    remove: { input: Nothing, output: Nothing },
  },
});

export type AccountVerbs = typeof accountActor["verbs"];
export type AccountVerb = keyof AccountVerbs;
