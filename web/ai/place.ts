/** Where on the AI page somebody is: at a thread, or where one begins. */
export type Place = { readonly kind: "new" } | { readonly kind: "thread"; readonly id: string };

const THREAD = /^\/ai\/([0-9A-HJKMNP-TV-Z]{26})\/?$/;

export function placeOf(pathname: string): Place {
  const id = THREAD.exec(pathname)?.[1];
  return id === undefined ? { kind: "new" } : { kind: "thread", id };
}

export function pathOf(place: Place): string {
  return place.kind === "new" ? "/ai" : `/ai/${place.id}`;
}
