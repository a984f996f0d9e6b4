import { BarrageError } from "protocol/errors.ts";

/** Characters of one subject. */
export const SUBJECT_MAX = 1_024;

/** Tokens without wildcards: nearly every subject that is sent to. */
const PLAIN = /^[\x21-\x29\x2b-\x2d\x2f-\x3d\x3f-\x7e]+(?:\.[\x21-\x29\x2b-\x2d\x2f-\x3d\x3f-\x7e]+)*$/;
const SUBJECT = /^[\x21-\x7e]+$/;

/** @throws {BarrageError} `invalid_request` unless it is dot-separated printable ASCII without wildcards. */
export function checkSubject(subject: string): void {
  if (subject.length <= SUBJECT_MAX && PLAIN.test(subject)) return;
  for (const token of tokens(subject)) {
    if (token.includes("*") || token.includes(">")) {
      throw malformed(subject, "wildcards are for subscriptions");
    }
  }
}

/** As `checkSubject`, but `*` may stand for one token and a final `>` for one or more. */
export function checkPattern(pattern: string): void {
  const parts = tokens(pattern);
  for (const [index, token] of parts.entries()) {
    if (token === "*" || (token === ">" && index === parts.length - 1)) continue;
    if (token.includes("*") || token.includes(">")) {
      throw malformed(pattern, "a wildcard must be a whole token, and > the last one");
    }
  }
}

function tokens(subject: string): string[] {
  if (subject.length > SUBJECT_MAX) {
    throw malformed(`${subject.slice(0, 64)}...`, `it has more than ${SUBJECT_MAX} characters`);
  }
  if (!SUBJECT.test(subject)) throw malformed(subject, "it must be printable ASCII without spaces");
  const parts = subject.split(".");
  if (parts.includes("")) throw malformed(subject, "a token is empty");
  return parts;
}

function malformed(subject: string, reason: string): BarrageError {
  return new BarrageError("invalid_request", `Cannot use subject ${JSON.stringify(subject)}: ${reason}`);
}

/** Values filed under subscription patterns, found by subject in time that depends on the subject only. */
export class SubjectTree<T> {
  readonly #root = new Branch<T>();

  add(pattern: string, value: T): void {
    let branch = this.#root;
    for (const token of pattern.split(".")) branch = branch.grow(token);
    branch.values.add(value);
  }

  delete(pattern: string, value: T): void {
    const path = [this.#root];
    const parts = pattern.split(".");
    for (const token of parts) {
      const next = path.at(-1)?.children.get(token);
      if (next === undefined) return;
      path.push(next);
    }
    path.at(-1)?.values.delete(value);
    for (let depth = parts.length; depth > 0 && path[depth]?.empty === true; depth--) {
      path[depth - 1]?.children.delete(parts[depth - 1] ?? "");
    }
  }

  match(subject: string): T[] {
    const found: T[] = [];
    collect(this.#root, subject.split("."), 0, found);
    return found;
  }
}

class Branch<T> {
  readonly children = new Map<string, Branch<T>>();
  readonly values = new Set<T>();

  get empty(): boolean {
    return this.children.size === 0 && this.values.size === 0;
  }

  grow(token: string): Branch<T> {
    const known = this.children.get(token);
    if (known !== undefined) return known;
    const branch = new Branch<T>();
    this.children.set(token, branch);
    return branch;
  }
}

function collect<T>(branch: Branch<T>, subject: readonly string[], depth: number, found: T[]): void {
  const token = subject[depth];
  if (token === undefined) {
    found.push(...branch.values);
    return;
  }
  const rest = branch.children.get(">");
  if (rest !== undefined) found.push(...rest.values);
  const literal = branch.children.get(token);
  if (literal !== undefined) collect(literal, subject, depth + 1, found);
  const any = branch.children.get("*");
  if (any !== undefined) collect(any, subject, depth + 1, found);
}
