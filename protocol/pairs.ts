/** The greatest offset up to `at` that does not lie between the two UTF-16 units of one character. */
export function boundary(text: string, at: number): number {
  const inside = isHigh(text.charCodeAt(at - 1)) && isLow(text.charCodeAt(at));
  return inside ? at - 1 : at;
}

/** Whether it ends with the first unit of a character whose second one is missing. */
export function endsInHalf(text: string): boolean {
  return isHigh(text.charCodeAt(text.length - 1));
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
