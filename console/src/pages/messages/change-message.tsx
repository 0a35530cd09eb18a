import { useMutation } from "urql";
import { problemOf } from "../../answer.ts";
import { UpdateMessageDocument, type MessagePriority } from "../../gql/graphql.ts";
import { Input, Select, TextArea, toInstant, toLocal } from "../../ui/field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { priorities } from "../../ui/priorities.ts";
import type { MessageDetails } from "./message.tsx";

/** Of a message that waits. It is checked, routed and priced as if it were sent now. */
export function ChangeMessage({ message }: { message: MessageDetails }) {
  const { id, version, text, status, scheduledAt, priority } = message;
  const [, update] = useMutation(UpdateMessageDocument);
  return (
    <FormDialog
      title="Change this message"
      action="Change"
      submit="Save"
      onSubmit={async (form) =>
        problemOf(
          await update({
            input: {
              id,
              version,
              text: form["text"],
              priority: form["priority"] as MessagePriority,
              ...(status === "SCHEDULED" && { scheduledAt: toInstant(form["scheduledAt"]) ?? null }),
              ...(form["validity"] && { validityMinutes: Number(form["validity"]) }),
            },
          }),
        )
      }
    >
      <TextArea label="Text" name="text" required defaultValue={text} />
      <div className="fields">
        {status === "SCHEDULED" && (
          <Input
            label="Send at"
            name="scheduledAt"
            type="datetime-local"
            defaultValue={toLocal(scheduledAt ?? undefined)}
            hint="Empty: at once."
          />
        )}
        <Select label="Priority" name="priority" options={priorities} defaultValue={priority} />
        <Input
          label="Minutes that it is valid"
          name="validity"
          type="number"
          min="1"
          placeholder="As it is"
        />
      </div>
    </FormDialog>
  );
}
