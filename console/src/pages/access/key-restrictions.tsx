import { ProviderNamesDocument, type KeyRestrictionsInput, type KeyRowFragment } from "../../gql/graphql.ts";
import { ofProviders } from "../../lists.ts";
import { useQuery } from "../../query.ts";
import { useMay } from "../../session.tsx";
import { Checkbox, Input } from "../../ui/field.tsx";
import { listIn } from "../../ui/words.ts";

type Restrictions = KeyRowFragment["restrictions"];

const providerField = "restricted to ";

/** Fields for what a key may send through, as and to. */
export const RestrictionFields = ({ restrictions }: { restrictions?: Restrictions }) => (
  <>
    <Providers chosen={restrictions?.providerIds ?? []} />
    <Input
      label="Only as these senders"
      name="senders"
      defaultValue={restrictions?.senders?.join(", ")}
      placeholder="All"
      hint="Separated by commas. With a single one, a message needs to name none."
    />
    <Input
      label="Only to these countries"
      name="countries"
      defaultValue={restrictions?.countries?.join(", ")}
      placeholder="All"
      hint="ISO 3166-1 alpha-2: SK, CZ."
    />
  </>
);

/** By name for who may see their names, else by id. */
function Providers({ chosen }: { chosen: readonly string[] }) {
  const mayRead = useMay("READ");
  const [{ data }] = useQuery({ query: ProviderNamesDocument, context: ofProviders, pause: !mayRead });
  if (!mayRead)
    return (
      <Input
        label="Only through these providers"
        name="providers"
        defaultValue={chosen.join(", ")}
        placeholder="All"
        hint="Their ids, separated by commas."
      />
    );
  // One that was disconnected since is kept.
  const known = new Map(data?.providers.map(({ id, name }) => [id, name]));
  const ids = [...new Set([...known.keys(), ...chosen])];
  return (
    <fieldset className="stack-tight">
      <legend>Only through these providers (none chosen: all)</legend>
      {data &&
        ids.map((id) => (
          <Checkbox
            key={id}
            label={known.get(id) ?? "One that was disconnected"}
            name={`${providerField}${id}`}
            defaultChecked={chosen.includes(id)}
          />
        ))}
    </fieldset>
  );
}

/** The restrictions in a form that has been read. */
export function readRestrictions(form: Readonly<Record<string, string>>): KeyRestrictionsInput {
  const checked = Object.keys(form).flatMap((name) =>
    name.startsWith(providerField) ? [name.slice(providerField.length)] : [],
  );
  const providerIds = [...checked, ...(listIn(form["providers"]) ?? [])];
  return {
    providerIds: providerIds.length > 0 ? providerIds : undefined,
    senders: listIn(form["senders"]),
    countries: listIn(form["countries"]),
  };
}

/** What the key may send, where that is not everything. */
export const restrictionsInWords = ({ restrictions }: Pick<KeyRowFragment, "restrictions">): string[] => {
  const { providerIds, senders, countries } = restrictions;
  return [
    ...(providerIds
      ? [`only through ${providerIds.length === 1 ? "1 provider" : `${providerIds.length} providers`}`]
      : []),
    ...(senders ? [`only as ${senders.join(", ")}`] : []),
    ...(countries ? [`only to ${countries.join(", ")}`] : []),
  ];
};
