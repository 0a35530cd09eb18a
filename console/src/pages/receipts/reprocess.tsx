import { useState } from "react";
import { useMutation } from "urql";
import { problemOf } from "../../answer.ts";
import { ReprocessReceiptsDocument } from "../../gql/graphql.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { formatCount } from "../../ui/money.tsx";
import { Problem } from "../../ui/problem.tsx";

interface ReadAgainProps {
  number: string;
  onDone: () => void;
}

/** Reads one quarantined callback again, as after an update that understands it. */
export function ReadAgain({ number, onDone }: ReadAgainProps) {
  const [{ fetching }, reprocess] = useMutation(ReprocessReceiptsDocument);
  const [problem, setProblem] = useState<string>();

  async function run(): Promise<void> {
    const answer = await reprocess({ numbers: [number] });
    const result = answer.data?.reprocessReceipts;
    const isUnreadable = result?.__typename === "ReprocessedReceipts" && result.unreadable > 0;
    setProblem(problemOf(answer) ?? (isUnreadable ? "It is still not understood." : undefined));
    onDone();
  }

  return (
    <div className="row">
      <button type="button" className="button small" disabled={fetching} onClick={() => void run()}>
        Read again
      </button>
      <Problem>{problem}</Problem>
    </div>
  );
}

interface ReprocessAllProps {
  /** Only those of this provider. */
  providerId: string | undefined;
  onDone: () => void;
}

export function ReprocessAll({ providerId, onDone }: ReprocessAllProps) {
  const [{ fetching }, reprocess] = useMutation(ReprocessReceiptsDocument);
  const [said, setSaid] = useState<{ problem?: string | undefined; done?: string }>({});

  /** The API reads some hundred in a call. */
  async function run(): Promise<void> {
    const sum = { read: 0, processed: 0 };
    for (let after: string | undefined; ;) {
      const answer = await reprocess({ providerId, after });
      const result = answer.data?.reprocessReceipts;
      if (result?.__typename !== "ReprocessedReceipts") return setSaid({ problem: problemOf(answer) });
      sum.read += result.read;
      sum.processed += result.processed;
      if (!result.hasMore || !result.lastNumber) break;
      after = result.lastNumber;
    }
    setSaid({
      done: `${formatCount(sum.read)} read again, ${formatCount(sum.processed)} are understood now.`,
    });
    onDone();
  }

  return (
    <>
      <Problem>{said.problem}</Problem>
      {said.done && (
        <p className="done" role="status">
          {said.done}
        </p>
      )}
      <Confirm
        action="Read all again"
        title="Read all again that was not understood?"
        danger={false}
        disabled={fetching}
        onConfirm={() => void run()}
      >
        What is understood now is applied as if it had come when it came. Nothing is applied twice.
      </Confirm>
    </>
  );
}
