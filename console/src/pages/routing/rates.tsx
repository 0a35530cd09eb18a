import { useState, type SubmitEvent } from "react";
import { useMutation } from "urql";
import { useQuery } from "../../query.ts";
import { ProviderNamesDocument, RatesDocument, SetRatesDocument } from "../../gql/graphql.ts";
import { ofProviders } from "../../lists.ts";
import { problemOf } from "../../answer.ts";
import { useMay } from "../../session.tsx";
import { Dialog, DialogClose } from "../../ui/dialog.tsx";
import { Input, readForm, Select } from "../../ui/field.tsx";
import { Card } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { RateTable } from "./rate-table.tsx";

export function Rates() {
  const [search, setSearch] = useState<Record<string, string>>({});
  const mayName = useMay("READ", "PROVIDERS");
  const [{ data: names }] = useQuery({
    query: ProviderNamesDocument,
    context: ofProviders,
    pause: !mayName,
  });
  const { country, providerId } = search;
  const [{ data, error }, refresh] = useQuery({ query: RatesDocument, variables: { country, providerId } });
  const providers = (names?.providers ?? []).map(({ id, name }) => [id, name] as const);
  const mayBill = useMay("BILLING");

  function submit(event: SubmitEvent<HTMLFormElement>): void {
    event.preventDefault();
    setSearch(readForm(event.currentTarget));
  }

  return (
    <div className="column">
      <form className="card filters" role="search" aria-label="Rates" onSubmit={submit}>
        <div className="fields">
          <Input label="Country" name="country" type="search" placeholder="SK, or Slovakia" />
          {mayName && <Select label="Provider" name="providerId" options={[["", "Any"], ...providers]} />}
        </div>
        <div className="row">
          <button className="button">Search</button>
          {mayBill && mayName && (
            <SetRate providers={providers} onSet={() => refresh({ requestPolicy: "network-only" })} />
          )}
        </div>
      </form>
      <Card title="Rates">
        <Problem>{wordsOf(error)}</Problem>
        {data && <RateTable rates={data.rates.edges.map(({ node }) => node)} />}
        {data?.rates.pageInfo.hasNextPage && (
          <p className="quiet small">The first 50 are shown. Search for a country to see the others.</p>
        )}
      </Card>
    </div>
  );
}

interface SetRateProps {
  providers: readonly (readonly [string, string])[];
  onSet: () => void;
}

function SetRate({ providers, onSet }: SetRateProps) {
  const [isOpen, setOpen] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [, setRates] = useMutation(SetRatesDocument);

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const { providerId = "", country, mccmnc, price = "", currency = "" } = readForm(event.currentTarget);
    const { data, error } = await setRates({
      input: { providerId, rates: [{ country, mccmnc, price, currency }] },
    });
    const refusal = problemOf({ data, error });
    setProblem(refusal);
    if (refusal !== undefined) return;
    setOpen(false);
    onSet();
  }

  return (
    <Dialog
      title="Set a rate"
      trigger={
        <button type="button" className="button">
          Set a rate
        </button>
      }
      open={isOpen}
      onOpenChange={setOpen}
    >
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <div className="fields">
          <Select label="Provider" name="providerId" options={providers} required />
          <Input label="Country" name="country" placeholder="SK" />
          <Input label="Network (MCC and MNC)" name="mccmnc" placeholder="All networks" />
          <Input label="Price of a segment" name="price" required inputMode="decimal" placeholder="0.045" />
          <Input label="Currency" name="currency" required defaultValue="EUR" />
        </div>
        <Problem>{problem}</Problem>
        <div className="dialog-actions">
          <DialogClose>Cancel</DialogClose>
          <button className="button primary">Set</button>
        </div>
      </form>
    </Dialog>
  );
}
