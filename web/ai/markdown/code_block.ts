import { make } from "../../shell/dom.ts";
import { attempt, toast } from "../../shell/toast.ts";

const LANGUAGE_MAX = 24;

/** Code as it stands, with its language's name and a button to take it along. */
export function codeBlock(text: string, info: string): HTMLElement {
  const box = make("div", "code-block");
  const head = make("div", "code-head");
  const copy = make("button", "text-button", "Copy");
  copy.type = "button";
  copy.setAttribute("aria-label", "Copy this code");
  copy.addEventListener("click", () => copyText(codeOf(box)?.textContent ?? ""));
  const language = /^[\w+#.-]+/.exec(info)?.[0] ?? "";
  head.append(make("span", "code-language", language.slice(0, LANGUAGE_MAX)), copy);
  const pre = make("pre", "");
  pre.tabIndex = 0;
  pre.append(make("code", "", text));
  box.append(head, pre);
  return box;
}

/** The same block with more in it: what is selected or scrolled there stays so. */
export function retellCode(box: Element, text: string): void {
  const data = codeOf(box)?.firstChild;
  if (!(data instanceof Text) || !text.startsWith(data.data)) codeOf(box)?.replaceChildren(text);
  else data.appendData(text.slice(data.length));
}

function codeOf(box: Element): Element | null {
  return box.querySelector("pre > code");
}

/** Over plain HTTP, but at localhost, browsers have no clipboard. */
export async function copyText(text: string): Promise<void> {
  const { clipboard } = navigator as { readonly clipboard?: Clipboard };
  if (clipboard === undefined) return toast("This browser does not let pages copy here");
  const copied = await attempt(
    () => clipboard.writeText(text),
    () => "This browser does not let the page copy",
  );
  if (copied) toast("Copied");
}
