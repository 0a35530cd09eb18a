import type { ReactNode } from "react";

interface PageProps {
  title: ReactNode;
  /** Beside the title. */
  actions?: ReactNode;
  children: ReactNode;
}

export const Page = ({ title, actions, children }: PageProps) => (
  <>
    <header className="page-head">
      <h1>{title}</h1>
      {actions && <div className="actions">{actions}</div>}
    </header>
    {children}
  </>
);

interface CardProps {
  title?: string;
  actions?: ReactNode;
  className?: string;
  children: ReactNode;
}

export const Card = ({ title, actions, className = "", children }: CardProps) => (
  <section className={`card ${className}`} aria-label={title}>
    {(title !== undefined || actions !== undefined) && (
      <header className="card-head">
        {title !== undefined && <h2>{title}</h2>}
        {actions}
      </header>
    )}
    {children}
  </section>
);

/** Names and values. */
export const Facts = ({ entries }: { entries: readonly (readonly [string, ReactNode])[] }) => (
  <dl className="facts">
    {entries.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

interface TableProps {
  label: string;
  heads: readonly string[];
  children: ReactNode;
}

/** Scrolls sideways where it is too wide, also with the keyboard. */
export const Table = ({ label, heads, children }: TableProps) => (
  <div className="table-frame" role="group" aria-label={label} tabIndex={0}>
    <table>
      <thead>
        <tr>
          {heads.map((head) =>
            // A column of buttons needs no name.
            head === "" ? (
              <td key={head} />
            ) : (
              <th key={head} scope="col">
                {head}
              </th>
            ),
          )}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </div>
);
