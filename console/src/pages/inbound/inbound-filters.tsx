import { useNavigate } from "@tanstack/react-router";
import type { InboundSearch } from "../../router.tsx";
import { CampaignField, ProviderField, SearchForm } from "../../search-form.tsx";
import { Input } from "../../ui/field.tsx";

/** The search is the address: it can be kept, sent and gone back to. */
export function InboundFilters({ search }: { search: InboundSearch }) {
  const navigate = useNavigate();
  return (
    <SearchForm
      label="Inbound messages"
      search={search}
      onSearch={({ from, provider, campaign }) =>
        void navigate({ to: "/inbound", search: { from, provider, campaign } })
      }
    >
      <Input
        label="From"
        name="from"
        type="search"
        defaultValue={search.from}
        placeholder="+421 901 000 000"
      />
      <ProviderField chosen={search.provider} />
      <CampaignField chosen={search.campaign} />
    </SearchForm>
  );
}
