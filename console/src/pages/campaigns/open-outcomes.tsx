import { useState } from "react";
import { useMutation } from "urql";
import { problemOf } from "../../answer.ts";
import {
  ResendMessagesDocument,
  SettleMessagesDocument,
  type CampaignQuery,
  type Settlement,
} from "../../gql/graphql.ts";
import { useMay } from "../../session.tsx";
import { formatCount } from "../../ui/money.tsx";
import { Card, Table } from "../../ui/page.tsx";
import { Status } from "../../ui/status.tsx";
import { ByHand } from "../messages/settle.tsx";

type Details = NonNullable<CampaignQuery["campaign"]>;

interface Handled {
  handled: number;
  refused: number;
  hasMore: boolean;
}

/** Of which messages nobody knows what became of them, and what can be done about them. */
export function OpenOutcomes({ campaign: { id, openOutcomes } }: { campaign: Details }) {
  const [, settle] = useMutation(SettleMessagesDocument);
  const [, resend] = useMutation(ResendMessagesDocument);
  const [done, setDone] = useState<string>();
  const [maySend, maySettle] = [useMay("SEND"), useMay("ADMIN")];
  if (openOutcomes.length === 0 && done === undefined) return null;

  /** The API handles some hundred in a call. */
  async function handleAll(
    call: () => Promise<{ problem: string | undefined; result: Handled | undefined }>,
  ) {
    const sum = { handled: 0, refused: 0 };
    for (let hasMore = true; hasMore;) {
      const { problem, result } = await call();
      if (!result) return problem;
      sum.handled += result.handled;
      sum.refused += result.refused;
      hasMore = result.hasMore;
    }
    setDone(
      `${formatCount(sum.handled)} done${sum.refused > 0 ? `, ${formatCount(sum.refused)} refused` : ""}.`,
    );
    return undefined;
  }

  const settleAll = (reason: string, outcome: Settlement): Promise<string | undefined> =>
    handleAll(async () => {
      const answer = await settle({ campaignId: id, reason, as: outcome });
      const result = answer.data?.settleMessages;
      return { problem: problemOf(answer), result: result && "handled" in result ? result : undefined };
    });
  const resendAll = (reason: string): Promise<string | undefined> =>
    handleAll(async () => {
      const answer = await resend({ campaignId: id, reason });
      const result = answer.data?.resendMessages;
      return { problem: problemOf(answer), result: result && "handled" in result ? result : undefined };
    });

  return (
    <Card
      title="Outcomes that are not known"
      actions={
        <div className="row">
          {maySettle && (
            <ByHand
              title="Say what became of all of them"
              action="Settle all"
              warning="Ask the provider first. Later receipts stay in the timelines and change nothing."
              asksOutcome
              onDo={settleAll}
            />
          )}
          {maySend && (
            <ByHand
              title="Send those again that were given up?"
              action="Send again"
              warning="Nobody knows whether the provider had them: recipients may get both. The new messages do not belong to the campaign."
              onDo={resendAll}
            />
          )}
        </div>
      }
    >
      {done && (
        <p className="done" role="status">
          {done}
        </p>
      )}
      <Table label="Outcomes that are not known" heads={["Messages", "Status", "How the last attempt ended"]}>
        {openOutcomes.map(({ status, reason, count }) => (
          <tr key={`${status} ${reason}`}>
            <td className="figure">{formatCount(count)}</td>
            <td>
              <Status status={status} />
            </td>
            <td className="quiet">{reason ?? "The provider accepted them, and told nothing more"}</td>
          </tr>
        ))}
      </Table>
    </Card>
  );
}
