/** Providers of an account of which each may have all that one may have. */
const manyProviders = 4;

/**
 * SQL: how much a provider may have of something of which one may have `most`. The more providers its account has, the less:
 * an account gets no more than four of them by connecting hundreds.
 * @param provider its id, as SQL
 */
export const shareOfProvider = (most: number, provider: string): string => `
  greatest(${Math.ceil(most / 100)}, least(${most}, ${manyProviders * most} / greatest(1, (
    select count(*) from providers where account_id = (select account_id from providers where id = ${provider})
  ))))`;
