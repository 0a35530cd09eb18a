import type { ApiKeyLimitsInput, KeyRowFragment } from "../../gql/graphql.ts";
import { Input } from "../../ui/field.tsx";
import { formatCount } from "../../ui/money.tsx";

const kinds = [
  ["requests", "Requests"],
  ["sends", "Sends"],
  ["cost", "Cost of operations"],
  ["subscriptions", "Subscriptions"],
  ["sockets", "Sockets"],
  ["uploads", "Files"],
] as const satisfies readonly (readonly [keyof ApiKeyLimitsInput, string])[];

type Limits = KeyRowFragment["limits"];

/** Fields for what a key may do in a second. */
export const LimitFields = ({ limits }: { limits?: Limits }) => (
  <div className="fields">
    {kinds.map(([kind, title]) => (
      <Input
        key={kind}
        label={`${title} per second`}
        name={`limit ${kind}`}
        type="number"
        min="0"
        step="any"
        placeholder="As the account"
        defaultValue={limits?.[kind] ?? ""}
      />
    ))}
  </div>
);

/** The limits in a form that has been read. */
export const readLimits = (form: Readonly<Record<string, string>>): ApiKeyLimitsInput =>
  Object.fromEntries(
    kinds.flatMap(([kind]) => {
      const text = form[`limit ${kind}`];
      return text === undefined ? [] : [[kind, Number(text)]];
    }),
  );

/** What holds for this key alone. */
export const limitsInWords = ({ limits, allowedAddresses }: KeyRowFragment): string[] => [
  ...kinds.flatMap(([kind, title]) => {
    const limit = limits[kind];
    return limit == null ? [] : [`${title.toLowerCase()}: ${formatCount(limit)} a second`];
  }),
  ...(allowedAddresses.length > 0 ? [`only from ${allowedAddresses.join(", ")}`] : []),
];
