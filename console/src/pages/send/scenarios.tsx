import { Select } from "../../ui/field.tsx";

/** What the sandboxes do with a number, by its last three digits. Those that every provider has. */
const scenarios = [
  ["000", "Delivered"],
  ["001", "Undelivered"],
  ["002", "Expired"],
  ["003", "Rejected by the carrier"],
  ["004", "Unknown, and nothing more"],
  ["005", "Never reported"],
  ["006", "The receipt comes before the answer"],
  ["007", "Each receipt three times"],
  ["008", "Receipts in the wrong order"],
  ["009", "Accepted, but never answered"],
  ["010", "Throttled once"],
  ["012", "Server error, yet accepted"],
] as const;

export function Scenarios({ to, onChange }: { to: string; onChange: (to: string) => void }) {
  const suffix = to.trim().slice(-3);
  const isKnown = scenarios.some(([each]) => each === suffix);
  return (
    <Select
      label="What the sandbox does"
      value={isKnown ? suffix : ""}
      onChange={({ target }) => target.value && onChange(`${to.trim().slice(0, -3)}${target.value}`)}
      options={[["", "As the number's last three digits say"], ...scenarios]}
      hint="Only sandboxes of the providers are connected in development: nothing reaches a phone."
    />
  );
}
