/** A picture of one pixel. */
export const PNG_BASE64 =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==";

export const PNG: Uint8Array = Uint8Array.from(atob(PNG_BASE64), (char) => char.charCodeAt(0));

/** An empty archive with one entry; enough to look like a deck. */
export const DECK: Uint8Array = new Uint8Array([0x50, 0x4b, 3, 4, ...new Array(60).fill(0)]);
