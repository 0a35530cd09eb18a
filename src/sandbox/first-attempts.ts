/** Distinguishes first attempts from second ones. */
export interface FirstAttempts {
  /** True for a first attempt. After the second, the next counts as a first one again. */
  isFirst(key: string): boolean;
}

const maxRemembered = 10_000;

export function createFirstAttempts(): FirstAttempts {
  const attempted = new Set<string>();
  return {
    isFirst(key) {
      if (attempted.delete(key)) return false;
      attempted.add(key);
      const [oldest] = attempted;
      if (attempted.size > maxRemembered && oldest !== undefined) attempted.delete(oldest);
      return true;
    },
  };
}
