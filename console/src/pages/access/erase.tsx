import { useState } from "react";
import { useMutation } from "urql";
import { problemOf } from "../../answer.ts";
import { EraseRecipientDocument } from "../../gql/graphql.ts";
import { ofSuppressions } from "../../lists.ts";
import { Checkbox, Input } from "../../ui/field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { formatCount } from "../../ui/money.tsx";
import { Card } from "../../ui/page.tsx";

/** For a person who asks to be forgotten. */
export function Erase() {
  const [, erase] = useMutation(EraseRecipientDocument);
  const [done, setDone] = useState<string>();

  async function run(number: string, keepSuppressions: boolean): Promise<string | undefined> {
    const answer = await erase({ number, keepSuppressions }, ofSuppressions);
    const result = answer.data?.eraseRecipient;
    if (!result || !("messages" in result)) return problemOf(answer);
    const { messages, callbacks, cancelled } = result;
    setDone(
      `Messages erased: ${formatCount(messages)}, of which ${formatCount(cancelled)} waited and ${cancelled === 1 ? "was" : "were"} cancelled. Callbacks: ${formatCount(callbacks)}.`,
    );
    return undefined;
  }

  return (
    <Card title="Erase a person" className="narrow">
      <div className="stack">
        <p className="quiet">
          Takes the number, the texts and the callbacks of a person out of every list, log and export. Counts
          and costs stay.
        </p>
        {done && (
          <p className="done" role="status">
            {done}
          </p>
        )}
        <div className="row">
          <FormDialog
            title="Erase a person"
            action="Erase a person"
            submit="Erase for good"
            cancel="Keep everything"
            isDanger
            onSubmit={({ number = "", keeps }) => run(number, keeps !== undefined)}
          >
            <p>This cannot be undone.</p>
            <Input label="Number" name="number" type="tel" required placeholder="+421 901 000 000" />
            <Checkbox
              label="Leave it on the list of numbers that are not texted"
              name="keeps"
              defaultChecked
            />
          </FormDialog>
        </div>
      </div>
    </Card>
  );
}
