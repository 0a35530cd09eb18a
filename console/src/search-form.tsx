import type { ReactNode } from "react";
import { ProviderNamesDocument } from "./gql/graphql.ts";
import { ofProviders } from "./lists.ts";
import { useQuery } from "./query.ts";
import { Input, readForm, Select, toInstant, toLocal } from "./ui/field.tsx";

type Form = Readonly<Record<string, string | undefined>>;

interface SearchFormProps {
  label: string;
  /** What is searched for now: the fields show it, also after going back. */
  search: object;
  /** Inside of a card that shows what is found. */
  isInner?: boolean;
  /** With the texts of the fields by name; with nothing when all is to be shown again. */
  onSearch: (form: Form) => void;
  /** The fields. */
  children: ReactNode;
}

/** What a list is searched for. */
export const SearchForm = ({ label, search, isInner = false, onSearch, children }: SearchFormProps) => (
  <form
    key={JSON.stringify(search)}
    className={`filters ${isInner ? "inner-first" : "card"}`}
    role="search"
    aria-label={label}
    onSubmit={(event) => {
      event.preventDefault();
      onSearch(readForm(event.currentTarget));
    }}
  >
    <div className="fields">{children}</div>
    <div className="row">
      <button className="button">Search</button>
      <button type="button" className="button ghost" onClick={() => onSearch({})}>
        Clear
      </button>
    </div>
  </form>
);

/** Its name in the form is `provider`. */
export function ProviderField({ chosen }: { chosen: string | undefined }) {
  const [{ data }] = useQuery({ query: ProviderNamesDocument, context: ofProviders });
  const providers = data?.providers ?? [];
  return (
    <Select
      label="Provider"
      name="provider"
      key={`${providers.length} ${chosen}`}
      defaultValue={chosen ?? ""}
      options={[["", "Any"], ...providers.map(({ id, name }) => [id, name] as const)]}
    />
  );
}

/** Nothing where no campaign is searched for: the way there is a link. Its name in the form is `campaign`. */
export const CampaignField = ({ chosen }: { chosen: string | undefined }) =>
  chosen && <Input label="Campaign" name="campaign" type="search" defaultValue={chosen} />;

interface Range {
  from?: string | undefined;
  until?: string | undefined;
}

/** Their names in the form are `from` and `until`. */
export const RangeFields = ({ range: { from, until } }: { range: Range }) => (
  <>
    <Input label="From" name="from" type="datetime-local" defaultValue={toLocal(from)} />
    <Input label="Until" name="until" type="datetime-local" defaultValue={toLocal(until)} />
  </>
);

export const rangeIn = ({ from, until }: Form): Range => ({
  from: toInstant(from),
  until: toInstant(until),
});
