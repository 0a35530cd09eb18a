import { Link, Navigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { ApiScope } from "./gql/graphql.ts";
import { lackedFor, placesOf } from "./places.ts";
import { useSession } from "./session.tsx";
import { Empty } from "./ui/empty.tsx";

/** The page, or what the key lacks for it. The start of the console is the first page that the key opens. */
export function Allowed({ path, children }: { path: string; children: ReactNode }) {
  const { scopes } = useSession().viewer;
  const lacked = lackedFor(path, scopes);
  if (!lacked) return children;
  const [first] = placesOf(scopes);
  if (path === "/" && first) return <Navigate to={first.to} replace />;
  return <NotAllowed lacked={lacked} />;
}

function NotAllowed({ lacked }: { lacked: readonly ApiScope[] }) {
  const { viewer } = useSession();
  const [first] = placesOf(viewer.scopes);
  return (
    <Empty title="This key does not open this page" isPage>
      <p>
        It needs the scope {lacked.join(" or ")}, and the key “{viewer.keyName}” has{" "}
        {viewer.scopes.join(", ")}.
      </p>
      {first ? (
        <Link to={first.to} className="button">
          Go to {first.name}
        </Link>
      ) : (
        <p>It is for programs: sign out, and sign in with a key that has READ.</p>
      )}
    </Empty>
  );
}
