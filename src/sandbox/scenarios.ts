/** The status in smsgraph after a scenario has run to its end. */
type ExpectedStatus =
  | "OUTCOME_UNKNOWN"
  | "SUBMITTED"
  | "SENT"
  | "DELIVERED"
  | "READ"
  | "UNDELIVERED"
  | "EXPIRED"
  | "REJECTED"
  | "FAILED"
  | "CANCELLED"
  | "UNKNOWN";

/**
 * One way a provider can treat a message, chosen by the last three digits of the recipient's number. A suffix
 * means the same at every provider whose API can show it.
 */
export interface Scenario<Behaviour> {
  suffix: string;
  name: string;
  /** What the provider does, in plain words. */
  description: string;
  expected: ExpectedStatus;
  /** What differs from the usual behaviour. */
  behaviour: Partial<Behaviour>;
}

/** Finds the behaviour for a number. Numbers that are not in the table behave as usual. */
export function behaviourLookup<Behaviour extends object>(
  scenarios: readonly Scenario<Behaviour>[],
  usual: Behaviour,
): (number: string) => Behaviour {
  const bySuffix = new Map(scenarios.map(({ suffix, behaviour }) => [suffix, { ...usual, ...behaviour }]));
  return (number) => bySuffix.get(number.slice(-3)) ?? usual;
}

/** The scenarios as a Markdown table for the documentation. */
export function scenarioTable(scenarios: readonly Scenario<object>[]): string {
  const rows = scenarios.map(
    ({ suffix, name, description, expected }) =>
      `| \`${suffix}\` | ${name} | ${description} | \`${expected}\` |`,
  );
  return [
    "| Number ends in | Scenario | What the provider does | A client ends up with |",
    "|---|---|---|---|",
    ...rows,
  ].join("\n");
}
