import { useMutation } from "urql";
import { UpdateProviderDocument } from "../../gql/graphql.ts";
import { problemOf } from "../../answer.ts";
import { Input } from "../../ui/field.tsx";
import { SettingsForm } from "../../ui/settings-form.tsx";
import { listIn } from "../../ui/words.ts";
import type { ProviderDetails } from "./provider.tsx";

const numberOf = (text: string | undefined): number | null => (text === undefined ? null : Number(text));

export function ProviderSettings({ provider }: { provider: ProviderDetails }) {
  const [, update] = useMutation(UpdateProviderDocument);

  async function save(form: Record<string, string>): Promise<string | undefined> {
    const { name, defaultSender, maxPerSecond, maxConcurrent, lowBalance, priority, callbackAddresses } =
      form;
    const answer = await update({
      input: {
        id: provider.id,
        name,
        defaultSender: defaultSender ?? null,
        lowBalance: lowBalance ?? null,
        callbackAddresses: listIn(callbackAddresses) ?? [],
        maxPerSecond: numberOf(maxPerSecond),
        maxConcurrent: numberOf(maxConcurrent),
        ...(priority !== undefined && { priority: Number(priority) }),
      },
    });
    return problemOf(answer);
  }

  return (
    <SettingsForm onSubmit={save}>
      <Input label="Name" name="name" required defaultValue={provider.name} />
      <Input label="Default sender" name="defaultSender" defaultValue={provider.defaultSender ?? ""} />
      <div className="fields">
        <Input
          label="Most per second"
          name="maxPerSecond"
          type="number"
          step="any"
          placeholder="No limit"
          defaultValue={provider.maxPerSecond ?? ""}
        />
        <Input
          label="Most at the same time"
          name="maxConcurrent"
          type="number"
          placeholder="No limit"
          defaultValue={provider.maxConcurrent ?? ""}
        />
        <Input
          label="Low balance below"
          name="lowBalance"
          inputMode="decimal"
          placeholder="Never"
          defaultValue={provider.lowBalance ?? ""}
        />
        <Input
          label="Priority"
          name="priority"
          type="number"
          defaultValue={provider.priority}
          hint="Lower is preferred."
        />
      </div>
      <Input
        label="Callbacks only from"
        name="callbackAddresses"
        placeholder="Everywhere"
        defaultValue={provider.callbackAddresses.join(", ")}
        hint="Addresses and networks, such as 203.0.113.0/24, separated by commas. Others get 403."
      />
    </SettingsForm>
  );
}
