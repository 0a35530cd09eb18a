import { useMutation } from "urql";
import { problemOf } from "../../answer.ts";
import { UpdateProviderDocument } from "../../gql/graphql.ts";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { KindFields } from "./kind-fields.tsx";
import { kinds, toFields } from "./kinds.ts";
import type { ProviderDetails } from "./provider.tsx";

/** Replaces credentials, as after the provider has given new ones, and how its API is reached. */
export function Connection({ provider: { id, name, kind } }: { provider: ProviderDetails }) {
  const [, update] = useMutation(UpdateProviderDocument);
  const fields = kinds.find((each) => each.kind === kind)?.connection ?? [];
  return (
    <FormDialog
      title={`Connection to ${name}`}
      action="Connection"
      submit="Save"
      onSubmit={async (form) => problemOf(await update({ input: { id, ...toFields(fields, form) } }))}
    >
      <p className="quiet">What is left empty stays as it is. Check the provider afterwards.</p>
      <KindFields fields={fields} keeps />
    </FormDialog>
  );
}
