import { aiFile, BarrageCallError } from "client/mod.ts";
import type { Account } from "../shell/account.ts";

/** Where a link or a picture finds a file of an answer. @throws {BarrageCallError} when it cannot be had. */
export type AddressOf = (file: string) => Promise<string>;

/** The browser shows who a member is by itself; a file of a guest is fetched by the page. */
export function fileAddresses(account: Account): AddressOf {
  if (account.isMember) return (file) => Promise.resolve(`/v1/ai/files/${encodeURIComponent(file)}`);
  return async (file) => {
    const url = location.origin;
    const blob = await account.as((token) => aiFile({ url, file, ...(token !== undefined && { token }) }));
    return await dataAddress(blob);
  };
}

/** It goes with the element that shows it, and the page's content policy knows it. */
function dataAddress(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(String(reader.result)));
    reader.addEventListener(
      "error",
      () => reject(new BarrageCallError("unavailable", "Cannot read the file")),
    );
    reader.readAsDataURL(blob);
  });
}
