import type { Settlement } from "../../gql/graphql.ts";
import { Input, Select } from "../../ui/field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";

const settlements = [
  ["DELIVERED", "It arrived"],
  ["UNDELIVERED", "It did not arrive"],
  ["FAILED", "The provider never had it"],
  ["UNKNOWN", "Nobody will know"],
] as const satisfies readonly (readonly [Settlement, string])[];

interface ByHandProps {
  title: string;
  action: string;
  /** What has to be known before it is done. */
  warning: string;
  /** Whether it is asked what became of the message. */
  asksOutcome?: boolean;
  /** @returns why it was not done */
  onDo: (reason: string, outcome: Settlement) => Promise<string | undefined>;
}

/** A decision of a person, with the reason that the timeline shows. */
export const ByHand = ({ title, action, warning, asksOutcome = false, onDo }: ByHandProps) => (
  <FormDialog
    title={title}
    action={action}
    cancel="Keep it as it is"
    onSubmit={({ reason = "", outcome }) => onDo(reason, outcome as Settlement)}
  >
    <p className="quiet">{warning}</p>
    {asksOutcome && <Select label="What became of it" name="outcome" options={settlements} />}
    <Input
      label="Why"
      name="reason"
      required
      maxLength={500}
      hint="The timeline shows it with the name of your key."
    />
  </FormDialog>
);
