/** The key in an `Authorization` header; undefined when it is not a bearer token. */
export function readBearer(authorization: string): string | undefined {
  return /^Bearer +(\S{1,200})$/i.exec(authorization.trim())?.[1];
}
