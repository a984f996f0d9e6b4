import { BarrageCallError } from "client/mod.ts";
import { ask } from "../shell/text_dialog.ts";
import type { AccountApi, Own } from "./account_api.ts";
import type { Desk } from "./desk.ts";
import { goToProvider, type Provider } from "./providers.ts";

const TITLE = "Is it you?";

/**
 * Does what the server lets nobody do who has not proved a short while ago who he is; asks for that where it is needed.
 * @throws {BarrageCallError} `confirmation_required` when it was not given.
 */
export async function confirmed<T>(
  act: () => Promise<T>,
  { api, own, providers }: Pick<Desk, "api" | "own" | "providers">,
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof BarrageCallError) || error.reason !== "confirmation_required") throw error;
  }
  if (own.hasPassword) await askPassword(api);
  else await askProvider(own, providers);
  return await act();
}

function askPassword(api: AccountApi): Promise<void> {
  return new Promise((resolve, reject) =>
    ask({
      title: TITLE,
      note: "Enter your password to go on. You are asked again only after a while.",
      action: "Go on",
      input: {
        label: "Your password",
        value: "",
        maxLength: 1_024,
        type: "password",
        autocomplete: "current-password",
      },
      submit: async (password) => {
        await api.confirm(password).catch((error: unknown) => {
          const wrong = error instanceof BarrageCallError && error.reason === "confirmation_required";
          throw wrong ? new BarrageCallError("invalid_params", "The password is wrong") : error;
        });
        resolve();
      },
      closed: () => reject(notGiven()),
    })
  );
}

/** Leads away from this page; what was asked for is asked for again afterwards. */
function askProvider(own: Own, providers: readonly Provider[]): Promise<never> {
  const provider = providers.find(({ id }) => own.identities.some((identity) => identity.provider === id));
  if (provider === undefined) return Promise.reject(notGiven());
  return new Promise((_, reject) =>
    ask({
      title: TITLE,
      note: `Sign in with ${provider.name} once more, then come back and try again.`,
      action: `Go to ${provider.name}`,
      submit: () => goToProvider(provider.id, { purpose: "confirm", returnTo: "/account" }),
      closed: () => reject(notGiven()),
    })
  );
}

function notGiven(): BarrageCallError {
  return new BarrageCallError("confirmation_required", "Not confirmed");
}
