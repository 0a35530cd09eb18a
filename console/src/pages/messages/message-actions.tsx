import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useMutation } from "urql";
import { problemOf } from "../../answer.ts";
import { CancelMessageDocument, ResendMessageDocument, SettleMessageDocument } from "../../gql/graphql.ts";
import { useMay } from "../../session.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { Problem } from "../../ui/problem.tsx";
import { ChangeMessage } from "./change-message.tsx";
import type { MessageDetails } from "./message.tsx";
import { ByHand } from "./settle.tsx";

/** What can still be done about a message. */
export function MessageActions({ message }: { message: MessageDetails }) {
  const { id, status, campaign } = message;
  const [, cancel] = useMutation(CancelMessageDocument);
  const [, settle] = useMutation(SettleMessageDocument);
  const [, resend] = useMutation(ResendMessageDocument);
  const [problem, setProblem] = useState<string>();
  const navigate = useNavigate();
  const [maySend, maySettle] = [useMay("SEND"), useMay("ADMIN")];

  const confirm = async (): Promise<void> => setProblem(problemOf(await cancel({ id })));

  async function sendAgain(reason: string): Promise<string | undefined> {
    const answer = await resend({ id, reason });
    const result = answer.data?.resendMessage;
    if (!result || !("id" in result)) return problemOf(answer);
    await navigate({ to: "/messages/$id", params: { id: result.id } });
    return undefined;
  }

  return (
    <>
      <Problem>{problem}</Problem>
      {maySend && !campaign && (status === "SCHEDULED" || status === "QUEUED") && (
        <ChangeMessage message={message} />
      )}
      {maySend && (status === "SCHEDULED" || status === "QUEUED") && (
        <Confirm action="Cancel message" title="Cancel this message?" onConfirm={() => void confirm()}>
          It will not be sent. This cannot be undone.
        </Confirm>
      )}
      {maySettle && (status === "OUTCOME_UNKNOWN" || status === "UNKNOWN") && (
        <ByHand
          title="Say what became of it"
          action="Settle"
          warning="Ask the provider first. A later receipt stays in the timeline and changes nothing."
          asksOutcome
          onDo={async (reason, outcome) => problemOf(await settle({ id, reason, as: outcome }))}
        />
      )}
      {maySend && status === "UNKNOWN" && (
        <ByHand
          title="Send this message again?"
          action="Send again"
          warning="Nobody knows whether the provider had it: the recipient may get both."
          onDo={sendAgain}
        />
      )}
    </>
  );
}
