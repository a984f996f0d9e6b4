import { getLogger } from "@logtape/logtape";
import type { Context } from "hono";
import { BarrageError } from "protocol/errors.ts";
import type { BeginOidc } from "protocol/oidc.ts";
import { PersonName } from "protocol/users.ts";
import { accountActor } from "actors/account/definition.ts";
import { ANONYMOUS, type Caller } from "actors/runtime/caller.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { AccountStore, OidcCaller, OidcFlow, OidcPurpose } from "storage/account_storage.ts";
import type { AddressLimiter } from "../address_limiter.ts";
import type { HttpEnv } from "../http_app.ts";
import type { Authenticator } from "../identify.ts";
import { memberOf } from "../members.ts";
import type { Origin } from "../origin.ts";
import type { SessionDesk } from "../session_desk.ts";
import type { Border } from "../switches/border.ts";
import type { Flows } from "./flows.ts";
import { nameFrom, proposeLogins } from "./newcomers.ts";
import type { Identified } from "./provider_client.ts";
import type { OidcProviders } from "./providers.ts";

const log = getLogger(["barrage", "oidc"]);

type Guest = NonNullable<Extract<OidcPurpose, { kind: "sign_in" }>["guest"]>;

export interface OidcDeskParts {
  readonly node: ActorNode;
  readonly accounts: Pick<AccountStore, "byIdentity">;
  readonly providers: OidcProviders;
  readonly flows: Flows;
  readonly authenticator: Pick<Authenticator, "identify">;
  readonly origin: Origin;
  readonly desk: SessionDesk;
  /** New accounts per address. */
  readonly registrations: AddressLimiter;
  readonly border: Pick<Border, "refuseWrites">;
}

/** Sends people to a provider, and does what they went for when they are back. */
export class OidcDesk {
  readonly #parts: OidcDeskParts;

  constructor(parts: OidcDeskParts) {
    this.#parts = parts;
  }

  /**
   * Where the browser has to go.
   * @throws {BarrageError} `confirmation_required`, as linking is sensitive; `forbidden` when another site may have made
   * the browser ask: who gets somebody to link what is his own could sign in as that person.
   */
  async begin(c: Context<HttpEnv>, provider: string, { purpose, returnTo }: BeginOidc): Promise<URL> {
    const { providers, flows, desk } = this.#parts;
    providers.require(provider);
    desk.admit(c.req.raw, "cookie");
    const redirectUri = this.#redirectUri(c.req.raw, provider);
    const flow = { provider, returnTo, purpose: await this.#purposeOf(c.req.raw, purpose) };
    const secrets = await flows.begin(c, flow);
    return await providers.authorizationUrl(provider, redirectUri, secrets, purpose === "confirm");
  }

  /** Does what the flow was for. */
  async finish(
    c: Context<HttpEnv>,
    { flow, secrets }: Awaited<ReturnType<Flows["take"]>>,
  ): Promise<void> {
    const { provider, purpose } = flow;
    const { search } = new URL(c.req.url);
    const url = new URL(this.#redirectUri(c.req.raw, provider) + search);
    const maxAge = purpose.kind === "confirm" ? this.#secondsSince(flow.startedAt) : undefined;
    const identified = await this.#parts.providers.redeem(provider, { url, secrets, maxAge });
    const { iss: issuer, sub: subject } = identified.proven;
    switch (purpose.kind) {
      case "sign_in": {
        const known = await this.#parts.accounts.byIdentity(issuer, subject);
        const account = known ?? await this.#create(c, flow, purpose, identified);
        await this.#parts.desk.begin(c, account, { proof: { by: "identity", issuer, subject } }, "cookie");
        return;
      }
      case "link":
        this.#parts.border.refuseWrites();
        await this.#own(purpose.caller).link({ identity: { provider, issuer, subject } });
        return;
      case "confirm": {
        const { session } = purpose.caller;
        await this.#own(purpose.caller).confirm({ session, proof: { by: "identity", issuer, subject } });
        return;
      }
    }
  }

  async #purposeOf(request: Request, kind: BeginOidc["purpose"]): Promise<OidcPurpose> {
    if (kind === "sign_in") {
      const guest = await this.#guestOf(request);
      return guest === undefined ? { kind } : { kind, guest };
    }
    const { caller: { user, session } } = await memberOf(this.#parts.authenticator, request);
    const caller = { user, session };
    // Once more at the end; here it saves a way for nothing.
    if (kind === "link") await this.#own(caller).assertConfirmed({});
    return { kind, caller };
  }

  async #guestOf(request: Request): Promise<Guest | undefined> {
    try {
      const verified = await this.#parts.authenticator.identify(request);
      if (verified?.caller.kind !== "user" || verified.caller.standing !== "guest") return undefined;
      const { caller: { user, session }, expiresAt: until } = verified;
      return { user, session, until };
    } catch (error) {
      // The cookie of a session that has ended keeps nobody from signing in.
      const byCookie = !request.headers.has("authorization");
      if (byCookie && error instanceof BarrageError && error.reason === "unauthenticated") return undefined;
      throw error;
    }
  }

  /** Never into an account that is there already: an address in common proves nothing. */
  async #create(
    c: Context<HttpEnv>,
    { provider }: OidcFlow,
    { guest }: Extract<OidcPurpose, { kind: "sign_in" }>,
    identified: Identified,
  ): Promise<string> {
    const { node, accounts, providers, registrations, border } = this.#parts;
    border.refuseWrites();
    await registrations.take(c.env.address);
    const names = await providers.namesOf(provider, identified);
    const { iss: issuer, sub: subject } = identified.proven;
    const id = guest?.user.id ?? node.ports.ids.next();
    const account = node.ref(accountActor, id, guest === undefined ? ANONYMOUS : asGuest(guest));
    for (const login of proposeLogins(names)) {
      try {
        await account.create({
          login,
          name: nameFrom(names) ?? PersonName.safeParse(guest?.user.name).data ?? login,
          identity: { provider, issuer, subject },
          ...(guest === undefined ? {} : { guest: { session: guest.session, until: guest.until } }),
        });
        return id;
      } catch (error) {
        if (!(error instanceof BarrageError) || error.reason !== "conflict") throw error;
        // The login is taken, or the same person was quicker in another tab.
        const known = await accounts.byIdentity(issuer, subject);
        if (known !== undefined) return known;
      }
    }
    throw new BarrageError("conflict", "Cannot make the account: the guest has one, or no login is free");
  }

  /** The account itself, as it went away; it knows whether that session goes on. */
  #own({ user, session }: OidcCaller) {
    return this.#parts.node.ref(accountActor, user.id, { kind: "user", user, session, standing: "member" });
  }

  #redirectUri(request: Request, provider: string): string {
    const origin = this.#parts.origin.known(request);
    if (origin === undefined) {
      log.error("Set PUBLIC_URL: providers have to know where to send people back to");
      throw new BarrageError("unavailable");
    }
    return `${origin}/v1/oidc/${provider}/callback`;
  }

  #secondsSince(time: number): number {
    return Math.max(0, Math.ceil((this.#parts.node.ports.clock.now() - time) / 1_000));
  }
}

function asGuest({ user, session }: Guest): Caller {
  return { kind: "user", user, session, standing: "guest" };
}
