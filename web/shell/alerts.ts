import type { NotificationParams } from "protocol/methods.ts";
import { ask } from "./text_dialog.ts";

/** Tells the account's owner of what may be somebody else's doing. */
export function warnOf({ reason }: NotificationParams<"account.alert">): void {
  switch (reason) {
    case "token_reused":
      return ask({
        title: "Was that you?",
        note:
          "A sign-in of yours that was replaced long ago was used again, so somebody may have copied it. " +
          "It has been signed out. If you do not know why, change your password.",
        action: "See where you are signed in",
        submit: () => {
          location.assign("/account#sessions");
          return Promise.resolve();
        },
      });
    default:
      reason satisfies never;
  }
}
