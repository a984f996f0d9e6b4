/** A way of reading keeps up while 99 % are answered in this time. */
export const KEPT_UP_MS = 250;
const TIME = "01JD3Y4B6V";

/** The ids are as those of real users, but known beforehand. */
export function userId(n: number): string {
  return TIME + n.toString().padStart(16, "0");
}
