import { useState, type SubmitEvent } from "react";
import { useMutation } from "urql";
import { useQuery } from "../../query.ts";
import {
  PoliciesDocument,
  ProviderNamesDocument,
  SetPoliciesDocument,
  type PolicyFragment,
} from "../../gql/graphql.ts";
import { ofProviders } from "../../lists.ts";
import { useMay } from "../../session.tsx";
import { problemOf } from "../../answer.ts";
import { Confirm, Dialog, DialogClose } from "../../ui/dialog.tsx";
import { Empty, Loading } from "../../ui/empty.tsx";
import { Checkbox, Input, readForm } from "../../ui/field.tsx";
import { Card } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";

type Names = readonly { id: string; name: string }[];

export function Policies() {
  const [{ data, error }] = useQuery({ query: PoliciesDocument });
  const [{ data: named }] = useQuery({ query: ProviderNamesDocument, context: ofProviders });
  const [, setPolicies] = useMutation(SetPoliciesDocument);
  const [stored, setStored] = useState<readonly PolicyFragment[]>();
  const [problem, setProblem] = useState<string>();
  const mayChange = useMay("PROVIDERS");
  const policies = stored ?? data?.routingPolicies;
  const providers = named?.providers ?? [];

  /** The API replaces all of them at once. */
  async function store(next: readonly PolicyFragment[]): Promise<boolean> {
    const { data: answer, error: failure } = await setPolicies({ policies: next.map(toInput) });
    const result = answer?.setRoutingPolicies;
    setProblem(problemOf({ data: answer, error: failure }));
    if (!result || "message" in result) return false;
    setStored(result.policies);
    return true;
  }

  if (!policies) return error ? <Problem>{wordsOf(error)}</Problem> : <Loading />;
  return (
    <Card
      title="Policies"
      actions={
        mayChange && <AddPolicy providers={providers} onAdd={(policy) => store([...policies, policy])} />
      }
    >
      <Problem>{problem}</Problem>
      {policies.length === 0 ? (
        <Empty title="No policies">
          <p>
            Every provider may be used, by priority and price. A policy says which may carry messages to some
            destinations.
          </p>
        </Empty>
      ) : (
        <ul className="stack">
          {policies.map((policy, index) => (
            <li key={index} className="policy">
              <PolicyLine policy={policy} providers={providers} />
              {mayChange && (
                <Confirm
                  action="Remove"
                  title="Remove this policy?"
                  onConfirm={() => void store(policies.filter((each) => each !== policy))}
                >
                  Messages to its destinations may then go through any provider.
                </Confirm>
              )}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

const toInput = ({ countries, mccs, prefixes, routes }: PolicyFragment) => ({
  countries,
  mccs,
  prefixes,
  routes: routes.map(({ providerId, priority, weight }) => ({ providerId, priority, weight })),
});

function PolicyLine({
  policy: { countries, mccs, prefixes, routes },
  providers,
}: {
  policy: PolicyFragment;
  providers: Names;
}) {
  const conditions = [...countries, ...mccs, ...prefixes.map((prefix) => `+${prefix}`)];
  return (
    <div>
      <strong>{conditions.length > 0 ? conditions.join(", ") : "All other destinations"}</strong>
      <p className="quiet">
        {routes
          .map(({ providerId, priority, weight }) => {
            const name = providers.find(({ id }) => id === providerId)?.name ?? "A provider that is gone";
            return `${name}${priority == null ? "" : `, priority ${priority}`}${weight == null ? "" : `, share ${weight}`}`;
          })
          .join(" · ")}
      </p>
    </div>
  );
}

interface AddPolicyProps {
  providers: Names;
  onAdd: (policy: PolicyFragment) => Promise<boolean>;
}

const words = (text: string | undefined): string[] =>
  text?.split(/[\s,]+/).filter((word) => word !== "") ?? [];

function AddPolicy({ providers, onAdd }: AddPolicyProps) {
  const [isOpen, setOpen] = useState(false);

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const texts = readForm(event.currentTarget);
    const isAdded = await onAdd({
      countries: words(texts["countries"]),
      mccs: words(texts["mccs"]),
      prefixes: words(texts["prefixes"]),
      routes: providers
        .filter(({ id }) => texts[id] !== undefined)
        .map(({ id }) => ({
          providerId: id,
          priority: null,
          weight: texts[`${id} share`] ? Number(texts[`${id} share`]) : null,
        })),
    });
    if (isAdded) setOpen(false);
  }

  return (
    <Dialog
      title="Add a policy"
      trigger={
        <button type="button" className="button">
          Add a policy
        </button>
      }
      open={isOpen}
      onOpenChange={setOpen}
    >
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <Input
          label="Countries"
          name="countries"
          placeholder="SK, CZ"
          hint="Without any condition it is for all other destinations."
        />
        <div className="fields">
          <Input label="Networks (MCC, or MCC and MNC)" name="mccs" placeholder="231, 23101" />
          <Input label="Beginnings of numbers" name="prefixes" placeholder="+421901" />
        </div>
        <fieldset className="stack">
          <legend>Providers that may carry these messages</legend>
          {providers.map(({ id, name }) => (
            <div key={id} className="row">
              <Checkbox label={name} name={id} />
              <input
                className="share"
                name={`${id} share`}
                type="number"
                min="1"
                placeholder="Share"
                aria-label={`Share of ${name}`}
              />
            </div>
          ))}
        </fieldset>
        <div className="dialog-actions">
          <DialogClose>Cancel</DialogClose>
          <button className="button primary">Add</button>
        </div>
      </form>
    </Dialog>
  );
}
