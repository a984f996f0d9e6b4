/** What the browser remembers, as JSON; undefined where it remembers nothing, something else, or is told not to. */
export function load<T>(key: string, valid: (value: unknown) => value is T): T | undefined {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(`barrage.${key}`) ?? "null");
    return valid(value) ? value : undefined;
  } catch (error) {
    console.info(`Cannot read ${key} from this browser's storage`, error);
    return undefined;
  }
}

export function save(key: string, value: unknown): void {
  try {
    localStorage.setItem(`barrage.${key}`, JSON.stringify(value));
  } catch (error) {
    console.info(`Cannot keep ${key} in this browser's storage`, error);
  }
}

export function remove(key: string): void {
  try {
    localStorage.removeItem(`barrage.${key}`);
  } catch (error) {
    console.info(`Cannot remove ${key} from this browser's storage`, error);
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
