const DAY_MS = 86_400_000;

/** `14:05`. */
export function clockTime(at: number): string {
  return new Date(at).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
}

/** For a list: the time today, the weekday within a week, else the date. */
export function shortTime(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days <= 0) return clockTime(at);
  if (days === 1) return "Yesterday";
  const date = new Date(at);
  if (days < 7) return date.toLocaleDateString([], { weekday: "short" });
  return date.toLocaleDateString([], { day: "numeric", month: "short", ...otherYear(date, now) });
}

/** Between messages: `Today`, `Yesterday`, `Tuesday, 17 November`. */
export function dayName(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  const date = new Date(at);
  return date.toLocaleDateString([], {
    weekday: "long",
    day: "numeric",
    month: "long",
    ...otherYear(date, now),
  });
}

/** `just now`, `5 min ago`, `yesterday at 14:05`. */
export function since(at: number, now: number): string {
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  const days = daysBetween(at, now);
  if (days <= 0) return `at ${clockTime(at)}`;
  return days === 1 ? `yesterday at ${clockTime(at)}` : `on ${shortTime(at, now)}`;
}

/** By the calendar of whoever looks, summer time included. */
export function sameDay(a: number, b: number): boolean {
  return daysBetween(a, b) === 0;
}

function daysBetween(at: number, now: number): number {
  return Math.round((midnight(now) - midnight(at)) / DAY_MS);
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

function otherYear(date: Date, now: number): { year?: "numeric" } {
  return date.getFullYear() === new Date(now).getFullYear() ? {} : { year: "numeric" };
}
