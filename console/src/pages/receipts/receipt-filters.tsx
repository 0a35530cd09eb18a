import { useNavigate } from "@tanstack/react-router";
import type { ReceiptSearch } from "../../router.tsx";
import { ProviderField, RangeFields, rangeIn, SearchForm } from "../../search-form.tsx";
import { Select } from "../../ui/field.tsx";

const choices = [
  ["", "All"],
  ["unmatched", "Without a message"],
  ["quarantined", "Not understood"],
] as const satisfies readonly (readonly [ReceiptSearch["show"] | "", string])[];

/** The search is the address: it can be kept, sent and gone back to. */
export function ReceiptFilters({ search }: { search: ReceiptSearch }) {
  const navigate = useNavigate();
  return (
    <SearchForm
      label="Receipts"
      search={search}
      onSearch={({ show, provider, ...form }) =>
        void navigate({
          to: "/receipts",
          search: { show: show as ReceiptSearch["show"], provider, ...rangeIn(form) },
        })
      }
    >
      <Select label="Show" name="show" defaultValue={search.show ?? ""} options={choices} />
      <ProviderField chosen={search.provider} />
      <RangeFields range={search} />
    </SearchForm>
  );
}
