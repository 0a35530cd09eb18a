import { useState } from "react";

export interface Pages {
  /** Where the page begins; undefined for the newest. */
  after: string | undefined;
  toNewer: (() => void) | undefined;
  toOlder: (cursor: string) => void;
}

/** The pages of a list, the newest first. Another search begins anew. */
export function usePages(search: unknown): Pages {
  const identity = JSON.stringify(search);
  const [{ of, cursors }, set] = useState<{ of: string; cursors: string[] }>({ of: identity, cursors: [] });
  const known = of === identity ? cursors : [];
  return {
    after: known.at(-1),
    toNewer: known.length > 0 ? () => set({ of: identity, cursors: known.slice(0, -1) }) : undefined,
    toOlder: (cursor) => set({ of: identity, cursors: [...known, cursor] }),
  };
}

interface PagerProps {
  pages: Pages;
  info: { hasNextPage: boolean; endCursor?: string | null | undefined } | undefined;
}

/** Nothing where one page is all. */
export function Pager({ pages: { toNewer, toOlder }, info }: PagerProps) {
  const next = info?.hasNextPage ? info.endCursor : undefined;
  if (!toNewer && !next) return null;
  return (
    <nav className="row pager" aria-label="Pages of the list">
      <button type="button" className="button" disabled={!toNewer} onClick={toNewer}>
        Newer
      </button>
      <button type="button" className="button" disabled={!next} onClick={() => next && toOlder(next)}>
        Older
      </button>
    </nav>
  );
}
