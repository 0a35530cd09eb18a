import { useState } from "react";
import { useQuery } from "../../query.ts";
import { ApiKeysDocument, type KeyRowFragment } from "../../gql/graphql.ts";
import { ofKeys } from "../../lists.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { Loading } from "../../ui/empty.tsx";
import { Card, Table } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { Badge } from "../../ui/status.tsx";
import { Time } from "../../ui/time.tsx";
import { CreateKey, NewSecret } from "./create-key.tsx";
import { KeyActions } from "./key-actions.tsx";
import { limitsInWords } from "./key-limits.tsx";
import { restrictionsInWords } from "./key-restrictions.tsx";
import { servingInWords } from "./key-serving.tsx";

export function Keys() {
  const [{ data, error }] = useQuery({
    query: ApiKeysDocument,
    variables: {},
    requestPolicy: "cache-and-network",
    context: ofKeys,
  });
  // Here and not in its row, which may end with the rotation while the secret is shown.
  const [secret, setSecret] = useState<string>();
  return (
    <Card title="API keys" actions={<CreateKey />}>
      <Dialog
        title="The new key"
        open={secret !== undefined}
        onOpenChange={(isOpen) => !isOpen && setSecret(undefined)}
      >
        {secret !== undefined && <NewSecret secret={secret} />}
      </Dialog>
      <Problem>{wordsOf(error)}</Problem>
      {data ? (
        <Table label="API keys" heads={["Name", "Scopes", "Last used", "Expires", "Created", ""]}>
          {data.apiKeys.edges.map(({ node }) => (
            <KeyRow key={node.id} row={node} onSecret={setSecret} />
          ))}
        </Table>
      ) : (
        !error && <Loading />
      )}
      {data?.apiKeys.pageInfo.hasNextPage && <p className="quiet small">The newest 100 are shown.</p>}
    </Card>
  );
}

interface KeyRowProps {
  row: KeyRowFragment;
  onSecret: (secret: string) => void;
}

function KeyRow({ row, onSecret }: KeyRowProps) {
  const { name, prefix, scopes, lastUsedAt, expiresAt, createdAt, revokedAt, isCurrent } = row;
  const isEnded = revokedAt != null || (expiresAt != null && Date.parse(expiresAt) <= Date.now());
  return (
    <tr className={isEnded ? "quiet" : ""}>
      <td>
        {name} {isCurrent && <Badge tone="busy">This one</Badge>}
        {prefix && (
          <div className="quiet small">
            <code>{prefix}…</code>
          </div>
        )}
      </td>
      <td>
        {scopes.includes("ADMIN") ? "ADMIN" : scopes.join(", ")}
        <div className="quiet small">
          {[...limitsInWords(row), ...restrictionsInWords(row), ...servingInWords(row)].join(", ")}
        </div>
      </td>
      <td>
        <Time at={lastUsedAt} none="Never" />
      </td>
      <td>
        <Time at={expiresAt} none="Never" />
      </td>
      <td>
        <Time at={createdAt} />
      </td>
      <td>{isEnded ? <Ending revokedAt={revokedAt} /> : <KeyActions apiKey={row} onSecret={onSecret} />}</td>
    </tr>
  );
}

const Ending = ({ revokedAt }: { revokedAt: string | null | undefined }) => (
  <Badge tone="idle">{revokedAt ? "Revoked" : "Expired"}</Badge>
);
