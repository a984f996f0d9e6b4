import { BarrageCallError } from "client/mod.ts";
import type { BeginOidc } from "protocol/oidc.ts";
import type { Account } from "../shell/account.ts";
import { request } from "../shell/api.ts";
import { find, make } from "../shell/dom.ts";
import { messageOf } from "../shell/messages.ts";
import { note } from "./entry.ts";
import { entryLink } from "./return_to.ts";

export interface Provider {
  readonly id: string;
  readonly name: string;
}

export async function listProviders(): Promise<readonly Provider[]> {
  const { providers } = await request<{ providers: Provider[] }>("/v1/oidc");
  return providers;
}

/** Leaves this page for the provider's. */
export async function goToProvider(id: string, asked: BeginOidc, token?: string): Promise<void> {
  const path = `/v1/oidc/${encodeURIComponent(id)}/start`;
  const { url } = await request<{ url: string }>(path, { method: "POST", token, body: asked });
  location.assign(url);
}

/** Buttons for signing in with other providers, if there are any; a guest who is new there becomes the account. */
export async function showProviders(page: HTMLElement, account: Account): Promise<void> {
  const list = find(page, ".provider-list", HTMLElement);
  let providers: readonly Provider[];
  try {
    providers = await listProviders();
  } catch (error) {
    console.info("Cannot list other providers", error);
    return;
  }
  for (const provider of providers) list.append(item(page, provider, account));
  find(page, ".providers", HTMLElement).hidden = providers.length === 0;
}

function item(page: HTMLElement, { id, name }: Provider, account: Account): HTMLElement {
  const button = make("button", "button wide provider");
  button.type = "button";
  const badge = make("span", "provider-badge", Array.from(name)[0]?.toUpperCase() ?? "");
  badge.setAttribute("aria-hidden", "true");
  button.append(badge, make("span", "", `Continue with ${name}`));
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await enter(id, account.guests.present?.token);
    } catch (error) {
      note(page, messageOf(error), "bad");
    } finally {
      button.disabled = false;
    }
  });
  const element = make("li", "");
  element.append(button);
  return element;
}

async function enter(id: string, guest: string | undefined): Promise<void> {
  const { pathname, searchParams } = new URL(entryLink("/login"), location.origin);
  searchParams.set("back", "1");
  const asked = { purpose: "sign_in", returnTo: `${pathname}?${searchParams}` } as const;
  try {
    await goToProvider(id, asked, guest);
  } catch (error) {
    // The server does not know this guest any more.
    if (guest === undefined || !(error instanceof BarrageCallError) || error.reason !== "unauthenticated") {
      throw error;
    }
    await goToProvider(id, asked);
  }
}
