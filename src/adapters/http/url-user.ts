/** User and password of a URL: never part of what is asked for, sent as curl sends them. Pure. */
import { percentDecoded } from '../../text/percent.ts';

export function withoutUser(url: URL): URL {
  const bare = new URL(url);
  [bare.username, bare.password] = ['', ''];
  return bare;
}

export function userHeader({ username, password }: URL): { readonly authorization?: string } {
  if (username === '' && password === '') return {};
  const [user, secret] = [username, password].map(percentDecoded);
  return { authorization: basicHeader(user!, secret!) };
}

/** RFC 7617. */
export function basicHeader(user: string, password: string): string {
  return `Basic ${Buffer.from(userAndPassword(user, password)).toString('base64')}`;
}

/** They hold no control characters: a newline is that with which the file ended that a secret was made of. */
export function userAndPassword(user: string, password: string): string {
  return [user, password].map((one) => one.replace(/[\r\n]+$/, '')).join(':');
}
