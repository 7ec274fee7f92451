/** Whether a text is an http or https URL with a host. */
export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:\/\/[^/]/i.test(text);
}
