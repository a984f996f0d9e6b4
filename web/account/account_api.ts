import type { Account as AccountShape, ContactKind, LoginSession, UpdateProfile } from "protocol/accounts.ts";
import type { AuditPage } from "protocol/audit.ts";
import type { Actor } from "../shell/account.ts";
import { request } from "../shell/api.ts";

export type Own = AccountShape;
type Updated = Own & { readonly token?: string };

/** What the account's owner can do with it. */
export class AccountApi {
  readonly #as: Actor;

  constructor(as: Actor) {
    this.#as = as;
  }

  read(): Promise<Own> {
    return this.#call("GET", "/v1/account");
  }

  update(patch: UpdateProfile): Promise<Updated> {
    return this.#call("PATCH", "/v1/account", patch);
  }

  confirm(password: string): Promise<void> {
    return this.#call("POST", "/v1/account/confirm", { password });
  }

  changePassword(change: { current?: string; password: string }): Promise<{ ended: number }> {
    return this.#call("POST", "/v1/account/password", change);
  }

  async sessions(): Promise<LoginSession[]> {
    const { sessions } = await this.#call<{ sessions: LoginSession[] }>("GET", "/v1/sessions");
    return sessions;
  }

  /** Of the account, the newest first. @param before The `next` of the page before. */
  events(limit: number, before?: string): Promise<AuditPage> {
    const query = new URLSearchParams({ limit: String(limit), ...(before !== undefined && { before }) });
    return this.#call("GET", `/v1/account/events?${query}`);
  }

  endSession(id: string): Promise<void> {
    return this.#call("DELETE", `/v1/sessions/${id}`);
  }

  endOthers(): Promise<{ ended: number }> {
    return this.#call("DELETE", "/v1/sessions");
  }

  sendCode(kind: ContactKind, address: string): Promise<void> {
    return this.#call("POST", "/v1/account/contacts", { kind, address });
  }

  addContact(code: string): Promise<Own> {
    return this.#call("POST", "/v1/account/contacts/confirm", { code });
  }

  removeContact(kind: ContactKind, address: string): Promise<void> {
    return this.#call("DELETE", `/v1/account/contacts/${kind}/${encodeURIComponent(address)}`);
  }

  unlink(provider: string): Promise<Own> {
    return this.#call("DELETE", `/v1/account/identities/${encodeURIComponent(provider)}`);
  }

  remove(): Promise<void> {
    return this.#call("DELETE", "/v1/account");
  }

  #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.#as((token) => request<T>(path, { method, token, body }));
  }
}
