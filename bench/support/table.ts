import { isMet, judged, median, type Finding } from "./benchmark.ts";

/** What all benchmarks of a run found. */
export interface Results {
  machine: string;
  finishedAt: string;
  benchmarks: { name: string; findings: Finding[]; error?: string }[];
}

const headings = ["", "ours", "beside it, same run", "ratio", "target", "p99", "processor", "peak", ""];

/** One table in Markdown: what, our figure with its spread, what stood beside it, and whether the target is met. */
export function toTable({ benchmarks }: Results): string {
  const rows = benchmarks.flatMap(({ name, findings, error }) => [
    [`**${name}**`, error ? `failed: ${error.split("\n")[0]}` : "", "", "", "", "", "", "", ""],
    ...findings.map(toRow),
  ]);
  const lines = [headings, headings.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return `${lines.join("\n")}\n`;
}

function toRow(finding: Finding): string[] {
  const { what, unit, ours, beside, p99, processorMicroseconds, peakMegabytes } = finding;
  return [
    what,
    `${spread(ours)} ${unit}`,
    beside ? `${beside.name} ${spread(beside.rounds)}` : "",
    beside ? spread(judged(finding)) : "",
    targetOf(finding),
    p99 ? `${show(p99.ms)} ms` : "",
    processorMicroseconds === undefined ? "" : `${show(processorMicroseconds)} us`,
    peakMegabytes === undefined ? "" : `${show(peakMegabytes)} MB`,
    { true: "met", false: "**missed**", undefined: "" }[
      String(isMet(finding)) as "true" | "false" | "undefined"
    ],
  ];
}

function targetOf({ target, p99 }: Finding): string {
  const parts = [
    target?.atLeast !== undefined && `at least ${target.atLeast}`,
    target?.atMost !== undefined && `at most ${target.atMost}`,
    p99?.atMost !== undefined && `p99 at most ${p99.atMost} ms`,
  ];
  return parts.filter((part) => part !== false).join(", ");
}

/** The median, and what the rounds lay between. */
function spread(figures: readonly number[]): string {
  const middle = show(median(figures));
  if (figures.length < 2) return middle;
  return `${middle} (${show(Math.min(...figures))}–${show(Math.max(...figures))})`;
}

function show(figure: number): string {
  const size = Math.abs(figure);
  if (size >= 1000) return Math.round(figure).toLocaleString("en-US");
  return figure.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
