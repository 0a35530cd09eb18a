import { useState } from "react";
import { useMutation } from "urql";
import { problemOf } from "../../answer.ts";
import { SendCampaignTestDocument } from "../../gql/graphql.ts";
import { Input } from "../../ui/field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { listIn } from "../../ui/words.ts";

/** A look at the text on a telephone of one's own, before everybody gets it. */
export function TestCampaign({ id }: { id: string }) {
  const [, send] = useMutation(SendCampaignTestDocument);
  const [sent, setSent] = useState(0);

  async function run(to: string[]): Promise<string | undefined> {
    const answer = await send({ id, to });
    const result = answer.data?.sendCampaignTest;
    if (!result || !("results" in result)) return problemOf(answer);
    const refusals = result.results.flatMap((each) => ("message" in each ? [each.message] : []));
    setSent(result.results.length - refusals.length);
    return refusals[0];
  }

  return (
    <>
      {sent > 0 && (
        <p className="done" role="status">
          {sent === 1 ? "The test is on its way." : `${sent} tests are on their way.`}
        </p>
      )}
      <FormDialog
        title="Send a test"
        action="Send a test"
        submit="Send"
        onSubmit={({ to }) => run(listIn(to) ?? [])}
      >
        <p className="quiet">
          The text of the first recipient goes to these numbers, as single messages that the campaign does not
          count.
        </p>
        <Input
          label="To"
          name="to"
          required
          placeholder="+421 901 000 000"
          hint="Numbers of yours, separated by commas."
        />
      </FormDialog>
    </>
  );
}
