import { useNavigate } from "@tanstack/react-router";
import type { MessageStatus } from "../../gql/graphql.ts";
import type { MessageSearch } from "../../router.tsx";
import { CampaignField, ProviderField, RangeFields, rangeIn, SearchForm } from "../../search-form.tsx";
import { Input, Select } from "../../ui/field.tsx";
import { inWords, messageStatuses } from "../../ui/status.tsx";

const isOverdue = "overdue";

/** Overdue is no status, but what a person asks for beside them. */
const statuses = [
  ["", "Any"],
  ...messageStatuses.map((status) => [status, inWords(status)] as const),
  [isOverdue, "Overdue receipts"],
] as const;

/** The search is the address: it can be kept, sent and gone back to. */
export function Filters({ search }: { search: MessageSearch }) {
  const navigate = useNavigate();
  return (
    <SearchForm
      label="Messages"
      search={search}
      onSearch={({ search: wanted, status, provider, campaign, ...form }) =>
        void navigate({
          to: "/messages",
          search: { search: wanted, ...choiceOf(status), provider, campaign, ...rangeIn(form) },
        })
      }
    >
      <Input
        label="Number, reference or id"
        name="search"
        type="search"
        defaultValue={search.search}
        placeholder="+421 901 000 000"
      />
      <Select
        label="Status"
        name="status"
        defaultValue={search.overdue ? isOverdue : (search.status?.[0] ?? "")}
        options={statuses}
      />
      <ProviderField chosen={search.provider} />
      <RangeFields range={search} />
      <CampaignField chosen={search.campaign} />
    </SearchForm>
  );
}

const choiceOf = (status: string | undefined): Pick<MessageSearch, "status" | "overdue"> =>
  status === isOverdue ? { overdue: true } : { status: status ? [status as MessageStatus] : undefined };
