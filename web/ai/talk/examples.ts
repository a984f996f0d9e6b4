import type { Feature } from "protocol/ai.ts";
import { icon, make } from "../../shell/dom.ts";

const EXAMPLES: readonly { readonly feature: Feature; readonly image: string; readonly text: string }[] = [
  { feature: "text", image: "chat", text: "Explain the northern lights in three sentences" },
  { feature: "image", image: "image", text: "A lighthouse in a storm, painted in oil" },
  { feature: "slides", image: "file", text: "The history of the bicycle" },
];

/** Questions to begin with, each asked with one click. */
export function drawExamples(list: HTMLElement, ask: (feature: Feature, text: string) => void): void {
  list.replaceChildren(...EXAMPLES.map(({ feature, image, text }) => {
    const item = make("li", "");
    const button = make("button", "ai-example");
    button.type = "button";
    button.dataset.feature = feature;
    button.append(icon(image), make("span", "", text));
    button.addEventListener("click", () => ask(feature, text));
    item.append(button);
    return item;
  }));
}
