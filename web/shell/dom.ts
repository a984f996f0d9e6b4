/** The one element that must be there. @throws {Error} when it is not: the markup and the code disagree. */
export function find<E extends Element>(
  root: ParentNode,
  selector: string,
  type: new () => E,
): E {
  const element = root.querySelector(selector);
  if (!(element instanceof type)) throw new Error(`Cannot find ${selector} as ${type.name}`);
  return element;
}

/** A copy of a `<template>`'s content. */
export function clone(templateId: string): DocumentFragment {
  const template = find(document, `#${templateId}`, HTMLTemplateElement);
  return document.importNode(template.content, true);
}

export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  text = "",
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** An icon of the sprite in the page. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}
