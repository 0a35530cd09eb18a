import type { TortureOptions, TortureResult } from "./torture.ts";

const width = 74;
const shown = 20;
const number = new Intl.NumberFormat("en");

/** A line with a figure at its end. */
const line = (what: string, figure: number | string): string => {
  const text = typeof figure === "number" ? number.format(figure) : figure;
  return `  ${what} ${".".repeat(Math.max(2, width - what.length - text.length))} ${text}`;
};

/** The summary: what was asked for, what went wrong meanwhile, and what each promise comes to. */
export function printBill({ seed, seconds }: TortureOptions, result: TortureResult): string {
  const faults = [...result.faults].toSorted(([one], [other]) => one.localeCompare(other));
  const faultCount = faults.reduce((sum, [, count]) => sum + count, 0);
  const broken = result.findings.reduce((sum, finding) => sum + finding.broken.length, 0);
  return [
    `Seed ${seed}, ${seconds} s of faults, ${result.settlingSeconds.toFixed(0)} s until everything was at rest`,
    "",
    "Asked for",
    line("messages acknowledged", result.messages),
    line("  of these singly", result.singles),
    line("  in campaigns", `${number.format(result.messages - result.singles)} in ${result.campaigns}`),
    line("answers “not now”, asked again", result.unavailable),
    line("no answer, asked again", result.unanswered),
    line("connections of live clients", result.sessions),
    "",
    "In the providers' books",
    ...[...result.booked].map(([title, count]) => line(title, count)),
    "",
    "Faults",
    ...faults.map(([name, count]) => line(name, count)),
    line("in all", faultCount),
    "",
    "Promises, how often each was checked, and where it was broken",
    ...result.findings.map((finding) =>
      line(finding.promise, `${number.format(finding.checked)} / ${number.format(finding.broken.length)}`),
    ),
    "",
    ...result.findings.flatMap((finding) =>
      finding.broken.slice(0, shown).map((problem) => `  BROKEN ${finding.promise}: ${problem}`),
    ),
    broken === 0 ? "Every promise was kept." : `${number.format(broken)} times a promise was broken.`,
    "",
  ].join("\n");
}
