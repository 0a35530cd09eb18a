import { useState } from "react";
import { useMutation } from "urql";
import { problemOf } from "../../answer.ts";
import {
  RevokeApiKeyDocument,
  RotateApiKeyDocument,
  SetApiKeyLimitsDocument,
  SetApiKeyRestrictionsDocument,
  SetApiKeyServingDocument,
  type KeyRowFragment,
} from "../../gql/graphql.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { Input } from "../../ui/field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { Problem } from "../../ui/problem.tsx";
import { LimitFields, readLimits } from "./key-limits.tsx";
import { readRestrictions, RestrictionFields } from "./key-restrictions.tsx";
import { readServing, ServingFields } from "./key-serving.tsx";

interface KeyActionsProps {
  apiKey: KeyRowFragment;
  onSecret: (secret: string) => void;
}

export function KeyActions({ apiKey, onSecret }: KeyActionsProps) {
  const { id, name } = apiKey;
  const [, revoke] = useMutation(RevokeApiKeyDocument);
  const [problem, setProblem] = useState<string>();
  return (
    <div className="row">
      <Rotate apiKey={apiKey} onSecret={onSecret} />
      <SetLimits apiKey={apiKey} />
      <SetRestrictions apiKey={apiKey} />
      <SetServing apiKey={apiKey} />
      <Confirm
        action="Revoke"
        title={`Revoke ${name}?`}
        small
        onConfirm={() => void revoke({ id }).then((answer) => setProblem(problemOf(answer)))}
      >
        Programs with this key are refused from now on, and its streams are closed. This cannot be undone.
      </Confirm>
      <Problem>{problem}</Problem>
    </div>
  );
}

function Rotate({ apiKey: { id, name }, onSecret }: KeyActionsProps) {
  const [, rotate] = useMutation(RotateApiKeyDocument);

  async function make(hours: string): Promise<string | undefined> {
    const answer = await rotate({ id, overlapHours: Number(hours) });
    const result = answer.data?.rotateApiKey;
    if (result && "secret" in result) onSecret(result.secret);
    return problemOf(answer);
  }

  return (
    <FormDialog
      title={`Rotate ${name}`}
      action="Rotate"
      submit="Make the successor"
      isSmall
      onSubmit={({ hours = "24" }) => make(hours)}
    >
      <p className="quiet">
        A successor is made with the same name and rights. Both open until the earlier one ends.
      </p>
      <Input
        label="Hours until the earlier key ends"
        name="hours"
        type="number"
        min="0"
        max="720"
        defaultValue="24"
        required
        hint="0 if it has leaked."
      />
    </FormDialog>
  );
}

type ChangeProps = Pick<KeyActionsProps, "apiKey">;

function SetLimits({ apiKey: { id, name, limits } }: ChangeProps) {
  const [, set] = useMutation(SetApiKeyLimitsDocument);
  return (
    <FormDialog
      title={`Limits of ${name}`}
      action="Limits"
      submit="Save"
      isSmall
      onSubmit={async (form) => problemOf(await set({ id, limits: readLimits(form) }))}
    >
      <p className="quiet">
        Those of the account hold beside them. Every process goes by them within a second.
      </p>
      <LimitFields limits={limits} />
    </FormDialog>
  );
}

function SetRestrictions({ apiKey: { id, name, restrictions } }: ChangeProps) {
  const [, set] = useMutation(SetApiKeyRestrictionsDocument);
  return (
    <FormDialog
      title={`What ${name} may send`}
      action="Restrictions"
      submit="Save"
      isSmall
      onSubmit={async (form) => problemOf(await set({ id, restrictions: readRestrictions(form) }))}
    >
      <p className="quiet">What was accepted before is sent. Every process goes by them within a second.</p>
      <RestrictionFields restrictions={restrictions} />
    </FormDialog>
  );
}

function SetServing({ apiKey }: ChangeProps) {
  const { id, name } = apiKey;
  const [, set] = useMutation(SetApiKeyServingDocument);
  return (
    <FormDialog
      title={`${name} and the served APIs`}
      action="Served APIs"
      submit="Save"
      isSmall
      onSubmit={async (form) => problemOf(await set({ id, ...readServing(form) }))}
    >
      <p className="quiet">
        What this key means to the APIs of other vendors that are served under <code>/compat</code>.
      </p>
      <ServingFields apiKey={apiKey} />
    </FormDialog>
  );
}
