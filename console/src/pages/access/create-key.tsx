import { useState, type SubmitEvent } from "react";
import { useMutation } from "urql";
import { problemOf } from "../../answer.ts";
import { CreateApiKeyDocument } from "../../gql/graphql.ts";
import { useSession } from "../../session.tsx";
import { Copyable } from "../../ui/copy.tsx";
import { Dialog, DialogClose } from "../../ui/dialog.tsx";
import { Checkbox, Input, readForm, toInstant } from "../../ui/field.tsx";
import { Problem } from "../../ui/problem.tsx";
import { listIn } from "../../ui/words.ts";
import { LimitFields, readLimits } from "./key-limits.tsx";
import { readRestrictions, RestrictionFields } from "./key-restrictions.tsx";
import { readServing, ServingFields } from "./key-serving.tsx";
import { everyScope, scopeTexts } from "./scopes.ts";

export function CreateKey() {
  const [isOpen, setOpen] = useState(false);
  const [secret, setSecret] = useState<string>();
  return (
    <Dialog
      title="Create a key"
      trigger={
        <button type="button" className="button primary">
          Create a key
        </button>
      }
      open={isOpen}
      onOpenChange={(open) => {
        setOpen(open);
        setSecret(undefined);
      }}
    >
      {secret === undefined ? <KeyForm onMade={setSecret} /> : <NewSecret secret={secret} />}
    </Dialog>
  );
}

export const NewSecret = ({ secret }: { secret: string }) => (
  <div className="stack">
    <p>Store it now: it is not shown again.</p>
    <Copyable text={secret} label="the key" />
    <div className="dialog-actions">
      <DialogClose>Done</DialogClose>
    </div>
  </div>
);

function KeyForm({ onMade }: { onMade: (secret: string) => void }) {
  const [problem, setProblem] = useState<string>();
  const [, create] = useMutation(CreateApiKeyDocument);
  const { viewer } = useSession();
  // A key can give no more than it has.
  const grantable = everyScope.filter((scope) => viewer.scopes.includes(scope));

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = readForm(event.currentTarget);
    const { name = "", expiresAt, allowedAddresses } = form;
    const input = {
      name,
      scopes: grantable.filter((scope) => form[scope] !== undefined),
      expiresAt: toInstant(expiresAt),
      limits: readLimits(form),
      allowedAddresses: listIn(allowedAddresses),
      restrictions: readRestrictions(form),
      ...readServing(form),
    };
    const { data, error } = await create({ input });
    const result = data?.createApiKey;
    setProblem(problemOf({ data, error }));
    if (result && "secret" in result) onMade(result.secret);
  }

  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <Input label="Name" name="name" required maxLength={100} hint="Who or what will use it." />
      <fieldset className="stack-tight">
        <legend>What it may do</legend>
        {grantable.map((scope) => (
          <Checkbox
            key={scope}
            label={`${scope}: ${scopeTexts[scope]}`}
            name={scope}
            defaultChecked={scope === "READ" || scope === "SEND"}
          />
        ))}
      </fieldset>
      <Input label="Expires" name="expiresAt" type="datetime-local" hint="Empty: never." />
      <details>
        <summary>Limits of this key alone</summary>
        <div className="stack inner">
          <LimitFields />
          <Input
            label="Only from these addresses"
            name="allowedAddresses"
            placeholder="203.0.113.0/24"
            hint="Addresses and networks. Empty: from everywhere."
          />
        </div>
      </details>
      <details>
        <summary>What it may send</summary>
        <div className="stack inner">
          <RestrictionFields />
        </div>
      </details>
      <details>
        <summary>For the served APIs of other vendors</summary>
        <div className="stack inner">
          <ServingFields />
        </div>
      </details>
      <Problem>{problem}</Problem>
      <div className="dialog-actions">
        <DialogClose>Cancel</DialogClose>
        <button className="button primary">Create</button>
      </div>
    </form>
  );
}
