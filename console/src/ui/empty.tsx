import type { ReactNode } from "react";

interface EmptyProps {
  title: string;
  /** Whether there is nothing else on the page. */
  isPage?: boolean;
  children?: ReactNode;
}

/** Says what would be here, and what to do for it. */
export const Empty = ({ title, isPage = false, children }: EmptyProps) => (
  <div className="empty">
    {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
    {children}
  </div>
);

export const Loading = () => (
  <div className="loading" role="status">
    <span className="visually-hidden">Loading</span>
  </div>
);
