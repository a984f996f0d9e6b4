import type { SayItem } from "../protocol_types.ts";
import { tint } from "../shell/avatar.ts";
import { make } from "../shell/dom.ts";

/** `name: text`, or for a merged one `name and others: text ×82`. */
export function chatLine(item: SayItem, own: boolean): HTMLLIElement {
  const line = make("li", own ? "line own" : "line");
  const name = make("span", "line-name", item.user.name);
  tint(name, item.user.name);
  if (item.assistant) name.append(" ", make("span", "line-ai", "AI"));
  line.append(name);
  const others = item.others ?? [];
  if (others.length > 0) {
    line.append(make("span", "line-others", item.count === 2 ? ` and ${others[0]!.name}` : " and others"));
  }
  line.append(make("span", "line-text", item.text));
  if (item.count > 1) line.append(make("span", "line-count", `×${item.count.toLocaleString("en")}`));
  const color = item.style?.color;
  if (color && color !== "#ffffff") {
    const dot = make("span", "line-dot");
    dot.style.backgroundColor = color;
    line.prepend(dot);
  }
  return line;
}

export function noticeLine(text: string): HTMLLIElement {
  return make("li", "line notice", text);
}
