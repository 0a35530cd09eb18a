import { useState, type SubmitEvent } from "react";
import { useMutation } from "urql";
import { useQuery } from "../../query.ts";
import {
  SetSpendingLimitsDocument,
  SpendingLimitsDocument,
  type CapPeriod,
  type LimitsFragment,
} from "../../gql/graphql.ts";
import { problemOf } from "../../answer.ts";
import { useMay } from "../../session.tsx";
import { Loading } from "../../ui/empty.tsx";
import { Checkbox, Input, readForm, Select } from "../../ui/field.tsx";
import { Money } from "../../ui/money.tsx";
import { Card, Table } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { inWords } from "../../ui/status.tsx";

export function Limits() {
  const [{ data, error }] = useQuery({ query: SpendingLimitsDocument, requestPolicy: "cache-and-network" });
  const [, set] = useMutation(SetSpendingLimitsDocument);
  const [problem, setProblem] = useState<string>();
  const mayChange = useMay("BILLING");
  if (!data) return error ? <Problem>{wordsOf(error)}</Problem> : <Loading />;
  const { spendingLimits: limits } = data;

  /** The API replaces all of them at once. */
  async function store(change: Partial<LimitsFragment>): Promise<void> {
    const { caps, allowedCountries, allowUncounted } = { ...limits, ...change };
    const input = {
      allowUncounted,
      allowedCountries,
      caps: caps.map(({ country, period, amount }) => ({ country, period, ...amount })),
    };
    // What the cache has of each object comes along.
    const plain = input.caps.map(({ country, period, amount, currency }) => ({
      country,
      period,
      amount,
      currency,
    }));
    setProblem(problemOf(await set({ input: { ...input, caps: plain } })));
  }

  return (
    <div className="column">
      <Problem>{problem}</Problem>
      <Card title="Caps">
        {limits.caps.length === 0 ? (
          <p className="quiet">There is no cap: any sum may be spent.</p>
        ) : (
          <Table label="Caps" heads={["Country", "Period", "Most", "Spent", ""]}>
            {limits.caps.map((cap) => (
              <tr key={`${cap.country} ${cap.period} ${cap.amount.currency}`}>
                <td>{cap.country ?? "All together"}</td>
                <td>{inWords(cap.period)}</td>
                <td>
                  <Money value={cap.amount} />
                </td>
                <td>
                  <Money value={cap.spent} />
                </td>
                <td>
                  {mayChange && (
                    <button
                      type="button"
                      className="button small"
                      onClick={() => void store({ caps: limits.caps.filter((each) => each !== cap) })}
                    >
                      Remove
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )}
        {mayChange && <AddCap onAdd={(cap) => store({ caps: [...limits.caps, cap] })} />}
      </Card>
      {mayChange ? <Countries limits={limits} onStore={store} /> : <ShownCountries limits={limits} />}
    </div>
  );
}

function AddCap({ onAdd }: { onAdd: (cap: LimitsFragment["caps"][number]) => Promise<void> }) {
  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const { country, period, amount = "", currency = "" } = readForm(event.currentTarget);
    const sum = { amount, currency };
    await onAdd({
      country: country ?? null,
      period: period as CapPeriod,
      amount: sum,
      spent: { amount: "0", currency },
    });
  }
  return (
    <form className="filters inner" onSubmit={(event) => void submit(event)}>
      <div className="fields">
        <Input label="Most" name="amount" required inputMode="decimal" placeholder="100" />
        <Input label="Currency" name="currency" required defaultValue="EUR" />
        <Select
          label="Period"
          name="period"
          options={[
            ["DAY", "A day"],
            ["MONTH", "A month"],
          ]}
        />
        <Input label="Country" name="country" placeholder="All together" />
      </div>
      <button className="button">Add a cap</button>
    </form>
  );
}

const ShownCountries = ({ limits: { allowedCountries } }: { limits: LimitsFragment }) => (
  <Card title="Countries">
    <p>{allowedCountries ? allowedCountries.join(", ") : "Messages may go to all countries."}</p>
  </Card>
);

interface CountriesProps {
  limits: LimitsFragment;
  onStore: (change: Partial<LimitsFragment>) => Promise<void>;
}

function Countries({ limits: { allowedCountries, allowUncounted }, onStore }: CountriesProps) {
  function submit(event: SubmitEvent<HTMLFormElement>): void {
    event.preventDefault();
    const { countries, uncounted } = readForm(event.currentTarget);
    void onStore({
      allowedCountries: countries?.split(/[\s,]+/) ?? null,
      allowUncounted: uncounted !== undefined,
    });
  }
  return (
    <Card title="Countries">
      <form className="stack" onSubmit={submit}>
        <Input
          label="Only these countries"
          name="countries"
          defaultValue={allowedCountries?.join(", ")}
          placeholder="All"
          hint="ISO 3166-1 alpha-2: SK, CZ. Empty: all."
        />
        <Checkbox
          label="Allow messages that a cap cannot count, because their price is unknown"
          name="uncounted"
          defaultChecked={allowUncounted}
        />
        <div className="row">
          <button className="button">Save</button>
        </div>
      </form>
    </Card>
  );
}
