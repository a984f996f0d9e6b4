import { table } from "./table.ts";

const GOALS = "Goals";

/** The head of a report, and what stands under each of its headings. */
interface Parts {
  readonly head: string;
  readonly sections: Map<string, string>;
}

/** Puts the sections and goals of a run of some parts into an earlier report; all else stays as it is. */
export function mergeReports(earlier: string, fresh: string): string {
  const { head, sections } = split(earlier);
  for (const [title, body] of split(fresh).sections) {
    const known = sections.get(title);
    sections.set(title, title === GOALS && known !== undefined ? mergeRows(known, body) : body);
  }
  return [head, ...[...sections].map(([title, body]) => `### ${title}\n\n${body}`)].join("\n\n") + "\n";
}

function split(report: string): Parts {
  const [head, ...rest] = report.trim().split(/^### /m);
  const sections = new Map(rest.map((section) => {
    const end = section.indexOf("\n");
    return [section.slice(0, end), section.slice(end).trim()] as const;
  }));
  return { head: head!.trim(), sections };
}

/** Two tables as one: rows with the same first cell are the same row. */
function mergeRows(earlier: string, fresh: string): string {
  const [head, , ...rows] = readTable(earlier);
  const merged = new Map(rows.map((row) => [row[0]!, row]));
  for (const row of readTable(fresh).slice(2)) merged.set(row[0]!, row);
  return table(head!, [...merged.values()]);
}

function readTable(text: string): string[][] {
  return text.split("\n").map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}
