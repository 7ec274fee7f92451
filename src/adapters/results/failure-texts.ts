/** What tools write about requests that failed. */

/** The class of a failure, by what the tool wrote about it. */
export function failureClass(text: string): string {
  if (/time(d )?-?out|deadline exceeded/i.test(text)) return 'timeout';
  if (/no such host|dns|lookup/i.test(text)) return 'dns';
  if (/refused|dial|connect:/i.test(text)) return 'connect';
  if (/reset|EOF|broken pipe|closed|failed to respond|premature/i.test(text)) return 'reset';
  return /tls|certificate|x509/i.test(text) ? 'tls' : 'other';
}
