import { z } from "zod";
import { Ulid } from "./ids.ts";
import { posesAsStaff } from "./names.ts";
import { cleanText, codePoints } from "./text.ts";
import { PersonName, User } from "./users.ts";

/**
 * The name somebody signs in with: 3-32 of a-z, 0-9, dot, dash and underscore, beginning with a letter or digit; upper
 * case is folded. No other letters, so no two of them look alike.
 */
export const Login = z.string().max(64).transform((login) => login.toLowerCase()).pipe(
  z.string().regex(/^[a-z0-9][a-z0-9._-]{2,31}$/, "must be 3-32 of a-z, 0-9, dot, dash, underscore"),
);

/** As it is chosen; it is shown to others. */
export const NewLogin = Login.refine(
  (login) => !posesAsStaff(login),
  "must not pose as those who run the server",
);

export const PASSWORD_MIN = 8;
/** Long enough for any passphrase, short enough that hashing it costs what hashing costs. */
export const PASSWORD_MAX_BYTES = 1_024;
const encoder = new TextEncoder();

/** Any characters, compared after NFKC as NIST SP 800-63B advises. */
export const Password = z.string().max(PASSWORD_MAX_BYTES).transform((password) => password.normalize("NFKC"))
  .refine(
    (password) => encoder.encode(password).length <= PASSWORD_MAX_BYTES,
    "must have at most 1024 bytes",
  );

export const NewPassword = Password.refine(
  (password) => codePoints(password) >= PASSWORD_MIN,
  `must have at least ${PASSWORD_MIN} characters`,
);

/** Who may see it. */
export const Audience = z.enum(["everyone", "members", "nobody"]);

export const LastSeenAudience = z.enum(["everyone", "contacts", "nobody"]);

export const Privacy = z.object({
  bio: Audience.default("everyone"),
  /** Whether others learn that the account is online, or when it was. */
  presence: Audience.default("everyone"),
  /** Who learns when it was last there; `contacts` are those whom it has written to. Missing for everyone. */
  lastSeen: LastSeenAudience.optional(),
});
export type Privacy = z.infer<typeof Privacy>;

const Bio = z.string().max(4_096).transform(cleanText).refine(
  (bio) => codePoints(bio) <= 500,
  "must have at most 500 characters",
);
const AvatarUrl = z.url({ protocol: /^https$/ }).max(1_024);

export const UpdateProfile = z.strictObject({
  name: PersonName,
  /** An empty one removes it. */
  avatarUrl: z.union([AvatarUrl, z.literal("")]),
  bio: Bio,
  /** Without defaults: what is not given stays. */
  privacy: z.strictObject({ bio: Audience, presence: Audience, lastSeen: LastSeenAudience }).partial(),
}).partial();
export type UpdateProfile = z.infer<typeof UpdateProfile>;

/** What others see; fields that the account does not show to the asker are missing. */
export const Profile = User.extend({
  login: z.string(),
  avatarUrl: z.string().optional(),
  bio: z.string().optional(),
  createdAt: z.int(),
});
export type Profile = z.infer<typeof Profile>;

export const SiteRole = z.enum(["user", "operator"]);
export type SiteRole = z.infer<typeof SiteRole>;

export const ContactKind = z.enum(["email", "phone"]);
export type ContactKind = z.infer<typeof ContactKind>;

/** Lower case: servers that tell `Bob@` from `bob@` are not heard of, people who type both are. */
const EmailAddress = z.string().trim().toLowerCase().pipe(z.email("must be an e-mail address").max(254));
/** E.164; how its digits are grouped does not count. */
const PhoneNumber = z.string().max(64).transform((number) => number.replace(/[\s().-]/g, ""))
  .pipe(z.e164("must be a telephone number with its country, as +49301234567"));

/** An address in the one spelling in which it is kept. */
export const Contact = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("email"), address: EmailAddress }),
  z.strictObject({ kind: z.literal("phone"), address: PhoneNumber }),
]);
export type Contact = z.infer<typeof Contact>;

/** What was sent to a contact; blanks and dashes do not count. */
const Code = z.string().max(32).transform((code) => code.replace(/[\s-]/g, ""))
  .pipe(z.string().regex(/^\d{8}$/, "must be the eight digits that were sent"));

/** What the account itself sees. */
export const Account = Profile.extend({
  role: SiteRole,
  privacy: Privacy,
  /** False for those who only sign in with another provider. */
  hasPassword: z.boolean(),
  contacts: z.array(z.object({ kind: ContactKind, address: z.string() })),
  /** Other providers it can sign in with. */
  identities: z.array(z.object({ provider: z.string(), linkedAt: z.int() })),
});
export type Account = z.infer<typeof Account>;

/** As operators see it in a list. */
export const AccountRow = z.object({
  id: Ulid,
  login: z.string(),
  name: z.string(),
  role: SiteRole,
  state: z.enum(["active", "removed"]),
  createdAt: z.int(),
});
export type AccountRow = z.infer<typeof AccountRow>;
/** Pass `next` as `after` to go on. */
export const Accounts = z.object({ accounts: z.array(AccountRow), next: z.string().optional() });

/** One place where somebody is signed in. */
export const LoginSession = z.object({
  id: Ulid,
  /** As far as the browser tells: "Firefox on Linux". */
  device: z.string(),
  /** Its network, and its region where the server can tell. */
  place: z.string(),
  createdAt: z.int(),
  usedAt: z.int(),
  /** It ends at the latest then, whatever is refreshed. */
  endsAt: z.int(),
  current: z.boolean(),
});
export type LoginSession = z.infer<typeof LoginSession>;
export const LoginSessions = z.object({ sessions: z.array(LoginSession) });
export type LoginSessions = z.infer<typeof LoginSessions>;

/**
 * Browsers keep the tokens in cookies that scripts cannot read (`cookie`); programs without a cookie jar ask for them in
 * the answer (`body`).
 */
export const Transport = z.enum(["cookie", "body"]);
export type Transport = z.infer<typeof Transport>;

const transport = Transport.default("cookie");

export const Register = z.strictObject({
  login: NewLogin,
  password: NewPassword,
  name: PersonName.optional(),
  transport,
});
/** A login or a contact, as somebody types it. */
const SignInName = z.string().min(1).max(256).transform((name) =>
  name.normalize("NFKC").trim().toLowerCase()
);

export const SignIn = z.strictObject({
  login: SignInName,
  password: Password,
  transport,
});
/** What keeps a session signed in; both are missing when they are in the cookies. */
export const SessionTokens = z.strictObject({
  refreshToken: z.string().max(256),
  deviceToken: z.string().max(128),
}).partial();
export type SessionTokens = z.infer<typeof SessionTokens>;

/** The answer to whoever signs in or refreshes. */
export const SignedIn = z.object({
  user: User,
  session: Ulid,
  /** The access token: for `Authorization`, `session.hello` and `session.renew`. */
  token: z.string(),
  /** Milliseconds until the access token ends. */
  expiresInMs: z.int(),
  /** Milliseconds until the session ends for good, however often it is refreshed. */
  sessionEndsInMs: z.int(),
  /** Only with `transport: body`. */
  refreshToken: z.string().optional(),
  deviceToken: z.string().optional(),
});
export type SignedIn = z.infer<typeof SignedIn>;

/** The answer to a change of one's own profile; with a new name comes a token that tells it. */
export const UpdatedAccount = Account.extend({
  token: z.string().optional(),
  expiresInMs: z.int().optional(),
});

export const ConfirmPassword = z.strictObject({ password: Password });
export const ChangePassword = z.strictObject({ current: Password.optional(), password: NewPassword });

export const ConfirmContact = z.strictObject({ code: Code });
export const RequestReset = z.strictObject({ login: SignInName });
export const ConfirmReset = z.strictObject({ login: SignInName, code: Code, password: NewPassword });
