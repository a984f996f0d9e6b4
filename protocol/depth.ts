import { BarrageError } from "./errors.ts";

/** Levels of arrays and objects in each other. */
export const DEPTH_MAX = 16;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Run before JSON.parse, so that a frame of brackets costs one pass and no stack.
 * @throws {BarrageError} `parse`.
 */
export function checkJsonDepth(text: string, max: number = DEPTH_MAX): void {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case QUOTE:
        index = endOfString(text, index);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > max) throw tooDeep(max);
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
    }
  }
}

export function tooDeep(max: number): BarrageError {
  return new BarrageError("parse", `Cannot parse the frame: it is nested more than ${max} levels deep`);
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return end;
  }
  // Never closed: JSON.parse will say so.
  return text.length;
}
