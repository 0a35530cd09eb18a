import type { ReactNode } from "react";

/** What is wrong, in the API's own words; nothing when nothing is. */
export const Problem = ({ children }: { children: ReactNode }) =>
  children ? (
    <p className="problem" role="alert">
      {children}
    </p>
  ) : null;

interface Failing {
  graphQLErrors: readonly { message: string }[];
  message: string;
}

/** The API's words, without what the client puts before them. */
export const wordsOf = (error: Failing | undefined): string | undefined =>
  error && (error.graphQLErrors.map(({ message }) => message).join(" ") || "The server does not answer.");
