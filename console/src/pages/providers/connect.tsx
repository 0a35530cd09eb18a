import { useNavigate } from "@tanstack/react-router";
import { useState, type SubmitEvent } from "react";
import { useMutation } from "urql";
import { ConnectProviderDocument, type ConnectProviderInput } from "../../gql/graphql.ts";
import { problemOf } from "../../answer.ts";
import { Input, readForm, Select } from "../../ui/field.tsx";
import { Page } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { KindFields } from "./kind-fields.tsx";
import { kinds, settings, toFields, type Kind } from "./kinds.ts";

export function Connect() {
  const [index, setIndex] = useState(0);
  const kind = kinds[index];
  return (
    <Page title="Connect a provider">
      <div className="column narrow">
        <Select
          label="Provider"
          value={String(index)}
          onChange={({ target }) => setIndex(Number(target.value))}
          options={kinds.map(({ title }, at) => [String(at), title] as const)}
        />
        {kind && <ConnectForm key={kind.input} kind={kind} />}
      </div>
    </Page>
  );
}

function ConnectForm({ kind: { input, title, connection } }: { kind: Kind }) {
  const fields = [...connection, ...settings];
  const [{ fetching }, connect] = useMutation(ConnectProviderDocument);
  const [problem, setProblem] = useState<string>();
  const navigate = useNavigate();

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const texts = readForm(event.currentTarget);
    const values = { name: texts["name"], ...toFields(fields, texts) };
    const { data, error } = await connect({ input: { [input]: values } as unknown as ConnectProviderInput });
    const result = data?.connectProvider;
    setProblem(problemOf({ data, error }));
    if (result && "id" in result) await navigate({ to: "/providers/$id", params: { id: result.id } });
  }

  return (
    <form className="card stack" onSubmit={(event) => void submit(event)}>
      <Input label="Name" name="name" required defaultValue={title} hint="Your own name for the account." />
      <KindFields fields={fields} />
      <Problem>{problem}</Problem>
      <p className="quiet small">Credentials are stored encrypted and never shown again.</p>
      <div className="row">
        <button className="button primary" disabled={fetching}>
          Connect
        </button>
      </div>
    </form>
  );
}
