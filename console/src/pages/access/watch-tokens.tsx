import { useState } from "react";
import { useMutation } from "urql";
import { useQuery } from "../../query.ts";
import { problemOf } from "../../answer.ts";
import {
  RevokeWatchTokenDocument,
  WatchTokensDocument,
  type WatchTokenRowFragment,
} from "../../gql/graphql.ts";
import { ofWatchTokens } from "../../lists.ts";
import { useMay } from "../../session.tsx";
import { TargetLink, useTargets, type Targets } from "../../targets.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { Empty, Loading } from "../../ui/empty.tsx";
import { Card, Table } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { Badge } from "../../ui/status.tsx";
import { Time } from "../../ui/time.tsx";
import { CreateWatchToken } from "./create-watch-token.tsx";

export function WatchTokens() {
  const [mayList, mayMake] = [useMay("KEYS"), useMay("READ")];
  return (
    <div className="column">
      {mayMake && <CreateWatchToken />}
      {mayList && <IssuedTokens />}
    </div>
  );
}

function IssuedTokens() {
  const [{ data, error }] = useQuery({
    query: WatchTokensDocument,
    requestPolicy: "cache-and-network",
    context: ofWatchTokens,
  });
  const rows = data?.watchTokens.edges.map(({ node }) => node);
  const targets = useTargets(rows?.map(({ targetId }) => targetId));
  return (
    <Card title="Watch tokens">
      <Problem>{wordsOf(error)}</Problem>
      {!rows && !error && <Loading />}
      {rows?.length === 0 && (
        <Empty title="No watch tokens">
          <p>Your server makes one for each browser that follows a message or a campaign.</p>
        </Empty>
      )}
      {rows && rows.length > 0 && (
        <Table label="Watch tokens" heads={["Opens", "Made with", "Created", "Ends", ""]}>
          {rows.map((row) => (
            <TokenRow key={row.id} row={row} targets={targets} />
          ))}
        </Table>
      )}
      {data?.watchTokens.pageInfo.hasNextPage && <p className="quiet small">The newest 100 are shown.</p>}
    </Card>
  );
}

function TokenRow({ row, targets }: { row: WatchTokenRowFragment; targets: Targets }) {
  const { id, targetId, apiKey, createdAt, expiresAt, revokedAt } = row;
  const [, revoke] = useMutation(RevokeWatchTokenDocument);
  const [problem, setProblem] = useState<string>();
  const isEnded = Date.parse(expiresAt) <= Date.now();
  return (
    <tr>
      <td>
        <TargetLink id={targetId} targets={targets} />
      </td>
      <td>{apiKey.name}</td>
      <td>
        <Time at={createdAt} />
      </td>
      <td>
        <Time at={expiresAt} />
      </td>
      <td>
        {revokedAt || isEnded ? (
          <Badge tone="idle">{revokedAt ? "Revoked" : "Ended"}</Badge>
        ) : (
          <Confirm
            action="Revoke"
            title="Revoke this watch token?"
            small
            onConfirm={() => void revoke({ id }).then((answer) => setProblem(problemOf(answer)))}
          >
            Browsers that follow with it are closed within a second.
          </Confirm>
        )}
        <Problem>{problem}</Problem>
      </td>
    </tr>
  );
}
